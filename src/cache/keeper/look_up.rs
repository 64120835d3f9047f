use std::sync::{Arc, atomic::Ordering};

use http::{
    Method, Response,
    header::{AUTHORIZATION, COOKIE},
};

use super::{
    Errand, Keeper, Target,
    errand::{Personal, flight},
    give::Given,
    judge::MOST_FIELDS,
    unanswerable::unanswerable,
};
use crate::{
    cache::{
        CacheBody, Entry, Fingerprint, Resource,
        count::Outcome,
        rules::{
            Asked, AuthorizedResponses, CacheStatus, Forward, Lifetime, RequestControl, Reuse,
            Selection, Vary, is_safe,
        },
    },
    clock::Timestamp,
    content::ContentKey,
    fingerprint::{KeyBytes, Place, Seen, Unfit},
    head::Head,
    reject::{Reason, Rejection},
};

/// What becomes of a request.
pub(in super::super) enum Ruling<B> {
    /// It has its answer.
    Answer(Response<CacheBody<B>>),
    /// It has its answer, and a fresh one is to be fetched.
    Refresh(Response<CacheBody<B>>, Box<Errand>),
    /// The service is to be asked, for all who want the same.
    Fetch(Box<Errand>),
    /// The service answers it alone.
    Pass(Pass),
}

/// A request that passes the cache.
#[derive(Debug)]
pub(in super::super) struct Pass {
    pub(in super::super) forward: Forward,
    pub(in super::super) detail: Option<&'static str>,
    pub(in super::super) then: Then,
}

/// What the answer to a request that passed the cache means for it.
#[derive(Debug)]
pub(in super::super) enum Then {
    Nothing,
    /// What is stored for the target may be out of date.
    Invalidate(Box<Target>),
    /// It tells whether what is stored is: it answers a HEAD.
    Head(Box<Errand>),
}

/// A request, and what was read from it.
pub(super) struct Asking<'a> {
    pub(super) head: &'a Head<'a>,
    pub(super) seen: Seen,
    pub(super) control: RequestControl,
    pub(super) personal: Personal,
    pub(super) now: Timestamp,
}

impl Keeper {
    /// Decides on the request with this head. If it is a query, `content` is what tells its body from others.
    #[inline]
    pub(in super::super) fn look_up<B>(
        &self,
        head: &Head<'_>,
        content: Option<&ContentKey>,
    ) -> Ruling<B> {
        let seen = Seen::of(head.headers);
        let is_get = head.method == Method::GET;
        if !is_get && head.method != Method::HEAD && content.is_none() {
            return self.pass_method(head);
        }
        if seen.has(Seen::PRECONDITION.or(Seen::UPGRADE).or(Seen::BODY).or(Seen::CONNECTION))
            && let Some(why) = unanswerable(head, seen, content.is_some())
        {
            return Ruling::Pass(self.bypass(head, why));
        }
        if !is_get && content.is_some() && seen.has(Seen::CONDITIONAL.or(Seen::RANGE)) {
            // Only for GET is it known what they mean (RFC 9110 sections 13.2.1 and 14.2).
            return Ruling::Pass(self.bypass(head, "precondition"));
        }
        let mut key = KeyBytes::default();
        key.push(&self.prefix);
        let place = match self.settings.fingerprint.write(head, seen, &mut key) {
            Ok(place) => place,
            Err(unfit) => return self.unfit(head, &unfit),
        };
        if let Some(content) = content {
            content.write(head, &mut key);
        }
        let fingerprint = Fingerprint::of(key.bytes(), &self.store.shared().seed);
        let control = if seen.has(Seen::CONTROL) {
            RequestControl::of(head.headers).under(self.settings.rules.obeyed_directives())
        } else {
            RequestControl::NONE
        };
        let personal = Personal {
            authorized: seen.has(Seen::AUTHORIZATION),
            cookies: seen.has(Seen::COOKIE) && !self.cookies_are_known,
            identity: seen.has(Seen::IDENTITY)
                && self.settings.fingerprint.overlooks_who_asks(head.headers),
        };
        let asking = Asking { head, seen, control, personal, now: self.now() };
        // Within the visit, so that a hit does not count who has the resource: that would make processors wait for each other.
        let (mut answer, mut resource) = (None, None);
        let visited = self.store.visit(&fingerprint, &mut |found| {
            if *found.key != *key.bytes() {
                return;
            }
            answer = self.answer(&asking, found);
            if answer.is_none() {
                resource = Some(Arc::clone(found));
            }
        });
        if let Err(error) = visited {
            self.failed(&error);
        }
        match answer {
            Some(response) => Ruling::Answer(response),
            None => self.set_out(&asking, place, fingerprint, &key, resource.as_deref()),
        }
    }

    /// The answer to a request, if what is stored is that.
    #[inline]
    fn answer<B>(
        &self,
        asking: &Asking<'_>,
        resource: &Resource,
    ) -> Option<Response<CacheBody<B>>> {
        let Asking { head, seen, control, personal, now } = asking;
        let Some(entry) = self.variant(resource, head.headers, *personal) else {
            return if seen.has(Seen::RANGE) { self.answer_part(asking, resource) } else { None };
        };
        let grace = self.settings.rules.allowed_grace();
        let outcome = match entry.freshness.reuse(entry.resident(*now), control, grace) {
            Reuse::Fresh if !self.is_early(entry, *now) => Outcome::Hit,
            Reuse::Stale => Outcome::Stale,
            _ => return None,
        };
        entry.route.count(outcome);
        Some(self.give(head.method, head.headers, *seen, &Given::hit(entry, *now)))
    }

    /// What becomes of a request that is not simply answered from what is stored.
    fn set_out<B>(
        &self,
        asking: &Asking<'_>,
        place: Place,
        fingerprint: Fingerprint,
        key: &KeyBytes,
        resource: Option<&Resource>,
    ) -> Ruling<B> {
        let Asking { head, seen, control, personal, now } = *asking;
        let entry = resource.and_then(|resource| self.variant(resource, head.headers, personal));
        let mut forward = resource.map_or(Forward::UriMiss, |resource| {
            let purges = &self.store.shared().purges;
            if self.has_part(resource, head.headers, personal) {
                Forward::Partial
            } else if resource.variants.iter().any(|variant| !purges.concerns(variant)) {
                Forward::VaryMiss
            } else {
                Forward::UriMiss
            }
        });
        let mut if_error = false;
        let mut refresh = None;
        if let Some(entry) = entry {
            let resident = entry.resident(now);
            match entry.freshness.reuse(resident, &control, self.settings.rules.allowed_grace()) {
                // It is to be refreshed early.
                Reuse::Fresh => refresh = Some(Outcome::Hit),
                Reuse::Stale | Reuse::StaleWhileRevalidate => refresh = Some(Outcome::Stale),
                Reuse::Revalidate { if_error: will_do } => {
                    let is_fresh =
                        entry.freshness.is_fresh(resident) && !entry.freshness.must_be_validated();
                    forward = if is_fresh { Forward::Request } else { Forward::Stale };
                    if_error = will_do;
                }
            }
        }
        if control.only_if_cached && refresh.is_none() {
            return self.not_cached(head);
        }
        // Nothing that these would bring could be stored.
        let is_flooded = head.headers.len() > MOST_FIELDS;
        if let (Some(outcome), Some(entry), true) = (refresh, entry, control.no_store || is_flooded)
        {
            entry.route.count(outcome);
            let given = Given::hit(entry, now);
            return Ruling::Answer(self.give(head.method, head.headers, seen, &given));
        }
        if is_flooded {
            return Ruling::Pass(self.bypass(head, "too-many-fields"));
        }
        let selection = match (entry, resource.and_then(|resource| resource.variants.first())) {
            (Some(entry), _) => Some(entry.selection.clone()),
            (None, Some(newest)) => Selection::of(&Vary::of(&newest.headers), head.headers),
            (None, None) => Some(Selection::default()),
        };
        let errand = Box::new(Errand {
            method: head.method.clone(),
            uri: head.uri.clone(),
            version: head.version,
            headers: head.headers.clone(),
            extensions: match self.settings.cacheable {
                Some(_) => head.extensions.clone(),
                None => http::Extensions::new(),
            },
            flight: flight(fingerprint, personal, &selection.unwrap_or_default()),
            place,
            fingerprint,
            asked: Asked {
                // An answer to a HEAD is never stored, but it may tell of what is, and the refresh that one sets off is a GET.
                get: true,
                authorization: personal.authorized,
                cookie: personal.cookies,
                range: seen.has(Seen::RANGE),
                control,
            },
            personal,
            part: false,
            stale: entry.cloned(),
            if_error,
            forward,
            is_answered: refresh.is_some(),
            #[cfg(feature = "redis")]
            below: Default::default(),
            route: Arc::clone(self.routes().of(head)),
            rules: Arc::clone(self.rules(head)),
            key: key.bytes().into(),
        });
        if let (Some(outcome), Some(entry)) = (refresh, entry) {
            entry.route.count(outcome);
            let given = Given::hit(entry, now);
            return Ruling::Refresh(self.give(head.method, head.headers, seen, &given), errand);
        }
        self.fetch(head, seen, now, errand)
    }

    /// A request that the service must be asked about: for all who want the same, if its answer may be for them.
    fn fetch<B>(
        &self,
        head: &Head<'_>,
        seen: Seen,
        now: Timestamp,
        mut errand: Box<Errand>,
    ) -> Ruling<B> {
        let (forward, route) = (errand.forward, Arc::clone(&errand.route));
        let pass = |detail, then| {
            route.count(Outcome::Miss);
            Ruling::Pass(Pass { forward, detail, then })
        };
        if errand.asked.control.no_store {
            return pass(Some("request-no-store"), Then::Nothing);
        }
        if head.method == Method::HEAD {
            let then = if errand.stale.is_some() { Then::Head(errand) } else { Then::Nothing };
            return pass(None, then);
        }
        if self.passes.is_set(errand.flight, now) {
            return pass(Some("pass"), Then::Nothing);
        }
        // If the whole is stored, and can be confirmed, the part is taken from that.
        if seen.has(Seen::RANGE)
            && !errand.stale.as_ref().is_some_and(|stale| stale.is_confirmable())
        {
            if seen.has(Seen::CONDITIONAL) {
                return pass(Some("range"), Then::Nothing);
            }
            errand.ask_for_part();
            if self.passes.is_set(errand.flight, now) {
                return pass(Some("pass"), Then::Nothing);
            }
        }
        Ruling::Fetch(errand)
    }

    /// Whether a fresh response is to be refreshed already.
    ///
    /// `XFetch` (Vattani, Chierichetti and Lowenstein, 2015, "Optimal Probabilistic Cache Stampede Prevention"): the sooner it
    /// ends, and the longer the service took for it, the likelier.
    fn is_early(&self, entry: &Entry, now: Timestamp) -> bool {
        let Some(beta) = self.settings.early_refresh else { return false };
        let left = entry.freshness.ttl(entry.resident(now)).max(0) as f64;
        // -ln of a number in (0, 1].
        let draw = -(1.0 - fastrand::f64()).ln();
        entry.took.as_secs_f64() * beta * draw > left
    }

    /// Whether an entry may answer a request, for what may make the answer personal.
    #[inline]
    pub(in super::super) fn suits(&self, entry: &Entry, personal: Personal) -> bool {
        if personal == Personal::default() {
            return true;
        }
        self.suits_personal(entry, personal)
    }

    fn suits_personal(&self, entry: &Entry, personal: Personal) -> bool {
        let selects = |name| entry.selection.names().any(|selecting| selecting == name);
        let shares_all = self.settings.rules.shares_authorized()
            == AuthorizedResponses::SharePrivateDataWithEveryone;
        let knows_user = self.settings.fingerprint.knows(&AUTHORIZATION) || selects(&AUTHORIZATION);
        let for_authorized = entry.for_authorized || shares_all || knows_user;
        // The service said itself that it is for all.
        let declared = entry.is_public || entry.freshness.source() == Lifetime::Explicit;
        (!personal.authorized || for_authorized)
            && (!personal.cookies || declared || selects(&COOKIE))
            && (!personal.identity || declared)
    }

    #[cold]
    fn pass_method<B>(&self, head: &Head<'_>) -> Ruling<B> {
        self.routes().of(head).count(Outcome::Bypass);
        let then = match is_safe(head.method) {
            true => Then::Nothing,
            false => Then::Invalidate(Box::new(Target::of(head))),
        };
        Ruling::Pass(Pass { forward: Forward::Method, detail: None, then })
    }

    /// Lets a request pass the cache by, for this reason.
    #[cold]
    pub(in super::super) fn bypass(&self, head: &Head<'_>, detail: &'static str) -> Pass {
        self.routes().of(head).count(Outcome::Bypass);
        Pass { forward: Forward::Bypass, detail: Some(detail), then: Then::Nothing }
    }

    #[cold]
    fn unfit<B>(&self, head: &Head<'_>, unfit: &Unfit) -> Ruling<B> {
        if !self.told_of_unfit.swap(true, Ordering::Relaxed) {
            let cache = &*self.settings.name;
            tracing::warn!(cache, "{} (logged once)", unfit.remedy("the cache"));
        }
        Ruling::Pass(self.bypass(head, unfit.detail()))
    }

    #[cold]
    fn not_cached<B>(&self, head: &Head<'_>) -> Ruling<B> {
        self.routes().of(head).count(Outcome::Miss);
        let mut response = Rejection::new(Reason::NotCached).response(head).map(CacheBody::full);
        self.tell(&mut response, CacheStatus::neither().detail("only-if-cached"));
        Ruling::Answer(response)
    }
}
