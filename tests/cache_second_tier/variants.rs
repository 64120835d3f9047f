use crate::world::{World, answer};

fn by_language() -> World {
    World::new(|request| {
        let language = request.headers().get("accept-language").map_or("", |l| l.to_str().unwrap());
        let fields = [("cache-control", "max-age=60"), ("vary", "accept-language")];
        answer(&fields, format!("in {language}"))
    })
}

#[tokio::test(start_paused = true)]
async fn each_request_gets_its_own_variant() {
    let world = by_language();
    let (a, b) = (world.process(), world.process());
    for language in ["de", "en"] {
        a.get_with("/a", &[("accept-language", language)]).await;
    }
    for language in ["en", "de", "DE"] {
        let got = b.get_with("/a", &[("accept-language", language)]).await;
        assert_eq!(got.text(), format!("in {}", language.to_lowercase()));
    }
    assert_eq!(world.calls(), 2);
    assert_eq!(b.get("/a").await.text(), "in ");
    assert_eq!(world.calls(), 3, "a field that is absent is a variant too");
    assert_eq!(a.get("/a").await.told(), "weir; hit; ttl=60; detail=second-tier");
}

#[tokio::test(start_paused = true)]
async fn where_variants_are_is_written_only_if_that_is_not_known() {
    let world = by_language();
    let a = world.process();
    a.get_with("/a", &[("accept-language", "de")]).await;
    assert_eq!(world.server.state().written, 2);
    a.get_with("/a", &[("accept-language", "en")]).await;
    assert_eq!(world.server.state().written, 3);
    world.pass(10);
    a.get_with("/a", &[("accept-language", "fr")]).await;
    assert_eq!(world.server.state().written, 5, "it is to be kept for longer");
}

#[tokio::test(start_paused = true)]
async fn a_service_may_begin_to_choose_and_end_to() {
    let world = World::new(|request| {
        let control = ("cache-control", "max-age=60");
        match request.headers().get("x-vary") {
            Some(_) => answer(&[control, ("vary", "x-vary")], "chosen"),
            None => answer(&[control], "for all"),
        }
    });
    let (a, b) = (world.process(), world.process());
    let with = [("x-vary", "1"), ("cache-control", "max-age=0")];
    a.get("/a").await;
    assert_eq!(b.get_with("/a", &[("x-vary", "1")]).await.text(), "for all");
    a.cache.purge_all();
    world.server.carry();
    assert_eq!(a.get_with("/a", &with[..1]).await.text(), "chosen");
    assert_eq!(b.get_with("/a", &with[..1]).await.text(), "chosen");
    assert_eq!(world.calls(), 2);
    assert_eq!(b.get("/a").await.text(), "for all");
    let c = world.process();
    assert_eq!(c.get_with("/a", &with[..1]).await.text(), "for all", "it says that it is");
    assert_eq!(world.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_varies_by_anything_is_not_kept() {
    let world = World::new(|_| answer(&[("cache-control", "max-age=60"), ("vary", "*")], "a"));
    world.process().get("/a").await;
    world.process().get("/a").await;
    assert_eq!((world.calls(), world.server.records()), (2, 0));
}
