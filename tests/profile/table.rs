//! How the numbers are shown to people.

use http::{HeaderValue, Method, StatusCode};
use tower::service_fn;
use tower_weir::route::RouteTable;

use super::*;

/// What is served, at what time.
struct Served {
    profile: Profile,
    hand: ManualClock,
    layer: ProfileLayer,
}

impl Served {
    fn new(routes: &[&str]) -> Self {
        let (profile, hand) = profile();
        let routes =
            routes.iter().fold(RouteTable::<()>::new(), |table, path| table.route(path, ()));
        let layer = ProfileLayer::new(profile.clone()).routes(routes);
        Self { profile, hand, layer }
    }

    /// A response whose body is not read yet, after so long.
    fn head(&self, request: Request<Full<Bytes>>, took: Duration, status: u16) -> Answer {
        let service = service_fn(async |_: Request<Full<Bytes>>| {
            self.hand.advance(took);
            let mut response = Response::new(Full::from("a body of 20 bytes.\n"));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            Ok::<_, Infallible>(response)
        });
        send(&self.layer, service, request).unwrap()
    }

    fn serve(&self, request: Request<Full<Bytes>>, took: Duration, status: u16) {
        read(self.head(request, took, status)).unwrap();
    }

    fn operation(&self, name: &str, took: Duration, succeeds: bool) {
        let timer = self.profile.operation(name).start();
        self.hand.advance(took);
        timer.end(&succeeds.then_some(()).ok_or(()));
    }
}

fn post(path: &str) -> Request<Full<Bytes>> {
    let mut request = get(path);
    *request.method_mut() = Method::POST;
    request
}

fn micros(n: u64) -> Duration {
    Duration::from_micros(n)
}

#[track_caller]
fn assert_table(table: &str, expected: &str) {
    assert_eq!(table, expected, "\n{table}");
    assert!(!table.contains('\u{1b}'));
}

#[test]
fn an_empty_profile_is_a_line() {
    let (profile, _) = profile();
    assert_table(&profile.to_string(), "no requests since the start\n");
    let snapshot = profile.snapshot();
    let lately = Window::ALL.map(|window| snapshot.table(window).to_string());
    assert_table(&lately[1], "no requests in the last minute\n");
    assert_table(&lately[2], "no requests in the last 5 minutes\n");
    assert_table(&lately[3], "no requests in the last hour\n");
}

#[test]
fn routes_operations_and_the_slowest_are_told() {
    let served = Served::new(&["/search", "/login", "/report/{id}"]);
    for n in 0..1_200 {
        served.serve(get("/search"), micros(200 + n % 100), if n % 3 == 0 { 429 } else { 200 });
        served.operation("search.scan", micros(20 + n % 7), true);
    }
    for n in 0..40 {
        served.serve(post("/login"), micros(900 + 40 * n), if n % 10 == 9 { 401 } else { 200 });
    }
    for n in 0..20 {
        served.operation("reports.connection", millis(n * n), n < 15);
        let status = if n < 15 { 200 } else { 503 };
        served.serve(get("/report/7"), millis(200 + 10 * n), status);
    }
    let mut request = get("/report/8");
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    request.headers_mut().insert("traceparent", HeaderValue::from_static(traceparent));
    served.serve(request, millis(2_500), 200);
    served.hand.advance(Duration::from_secs(130));
    drop(served.head(get("/report/9"), millis(1_700), 200));
    let _under_way = served.head(get("/search"), millis(3), 200);

    let table = served.profile.to_string();
    assert_table(&table, "\
1,262 requests since the start, 1 in flight now

route               requests  per s    4xx  errors  cancelled  now    sent     p50     p90     p99   p99.9     max  ──┬───┬1µs──┬───┬1ms───┬──┬─
GET  /report/{id}         22   0.15          22.7%      4.55%         420B   300ms   388ms   2.50s           2.50s                          █▆ ▄
POST /login               40   0.28  10.0%      0%                    800B  1.66ms  2.31ms  2.46ms          2.46ms                  ▇█
GET  /search           1,200   8.39  33.3%      0%               1  24.0kB   249µs   289µs   297µs   297µs   299µs               ▁█

operation               done  per s         failed  cancelled  now             p50     p90     p99   p99.9     max  ──┬───┬1µs──┬───┬1ms───┬──┬─
reports.connection        20   0.14          25.0%                          81.3ms   287ms   361ms           361ms  ▄               ▄ ▄▄▄▆▇██▄
search.scan            1,200   8.39             0%                          22.9µs  26.0µs  26.0µs  26.0µs  26.0µs            █

slowest of the last hour
 2.50s  GET  /report/{id}  200                2min ago  00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 1.70s  GET  /report/{id}  cancelled in body  just now
 390ms  GET  /report/{id}  503                2min ago
 380ms  GET  /report/{id}  503                2min ago
 370ms  GET  /report/{id}  503                2min ago
2.46ms  POST /login        401                2min ago
2.42ms  POST /login        200                2min ago
2.38ms  POST /login        200                2min ago
2.34ms  POST /login        200                2min ago
2.30ms  POST /login        200                2min ago
");
    let widest = table.lines().map(|line| line.chars().count()).max();
    // All columns at once; without the rare one of cancelled requests it is 133.
    assert_eq!(widest, Some(144));
}

#[test]
fn what_is_only_under_way_has_no_times() {
    let served = Served::new(&["/slow"]);
    let _first = served.head(get("/slow"), millis(5), 200);
    let _second = served.head(post("/elsewhere"), millis(5), 200);
    let _third = served.profile.operation("wait").start();
    assert_table(
        &served.profile.to_string(),
        "\
0 requests since the start, 2 in flight now

route            requests  per s  now
GET  /slow              0      0    1
POST _unmatched         0      0    1

operation            done  per s  now
wait                    0      0    1
",
    );
}

#[test]
fn long_names_and_large_numbers_stay_in_line() {
    let long =
        "/organizations/{organization}/projects/{project}/environments/{environment}/members";
    let served = Served::new(&[long, "/"]);
    let path = "/organizations/1/projects/2/environments/3/members";
    served.serve(get(path), Duration::from_secs(12_345), 200);
    served.serve(get("/"), Duration::ZERO, 500);
    let operation = served.profile.operation("a loop in which\nthere is \u{1b}[31mhardly anything");
    (0..1_234_567).for_each(|_| drop(operation.clone().start()));
    assert_table(&served.profile.to_string(), "\
2 requests since the start, 0 in flight now

route                                          requests  per s  errors  sent      p50      p90      p99  p99.9      max  ─┬──┬1µs┬──┬1ms─┬─┬1s──┬─┬─┬
GET /organizations/{orga…nvironment}/members          1  <0.01      0%   20B  12,345s  12,345s  12,345s         12,345s                             █
GET /                                                 1  <0.01    100%   20B      0ns      0ns      0ns             0ns  █

operation                                          done  per s  failed            p50      p90      p99  p99.9      max  ─┬──┬1µs┬──┬1ms─┬─┬1s──┬─┬─┬
a loop in which�ther…[31mhardly anything      1,234,567    100      0%            0ns      0ns      0ns    0ns      0ns  █

slowest of the last hour
12,345s  GET /organizations/{orga…nvironment}/members  200  just now
");
}

#[test]
fn what_clients_call_their_requests_is_shown_without_what_could_steer_a_terminal() {
    let served = Served::new(&["/"]);
    let mut request = get("/");
    // CSI as one character (ECMA-48, 5.4), and one that turns the direction of the text.
    let id = "a\u{9b}31m\u{202e}b".to_owned() + &"c".repeat(1_000);
    let id = HeaderValue::from_bytes(id.as_bytes()).unwrap();
    request.headers_mut().insert("x-request-id", id);
    served.serve(request, millis(1), 200);
    let table = served.profile.to_string();
    let last = table.lines().last().unwrap();
    assert_eq!(
        last,
        "1.00ms  GET /  200  just now  a?31m?bcccccccccccccccccccc…ccccccccccccccccccccccccccc"
    );
}

#[test]
fn a_window_shows_what_came_in_it_and_sorts_by_it() {
    let served = Served::new(&["/a", "/b"]);
    served.serve(get("/a"), millis(500), 200);
    served.hand.advance(Duration::from_secs(600));
    served.serve(get("/a"), millis(1), 200);
    served.serve(get("/b"), millis(2), 200);
    let names = |window| {
        let table = served.profile.snapshot().table(window).to_string();
        let lines = table.lines().filter(|line| line.starts_with("GET"));
        let title = table.lines().next().unwrap().to_owned();
        (title, lines.map(|line| line[..6].to_owned()).collect::<Vec<_>>().concat())
    };
    let told = |title: &str, names: &str| (format!("{title}, 0 in flight now"), names.to_owned());
    assert_eq!(names(Window::Lifetime), told("3 requests since the start", "GET /aGET /b"));
    assert_eq!(names(Window::Minute), told("2 requests in the last minute", "GET /bGET /a"));
}

#[test]
fn one_request_is_not_plural_and_columns_without_anything_are_left_out() {
    let served = Served::new(&["/"]);
    served.serve(get("/"), millis(1), 200);
    assert_table(
        &served.profile.to_string(),
        "\
1 request since the start, 0 in flight now

route  requests  per s  errors  sent     p50     p90     p99     max  ─────┬500µs──┬1ms─────┬2ms──
GET /         1   1.00      0%   20B  1.00ms  1.00ms  1.00ms  1.00ms                █

slowest of the last hour
1.00ms  GET /  200  just now
",
    );
}

#[test]
fn a_grpc_call_that_failed_is_not_shown_as_200() {
    let served = Served::new(&["/pkg.Service/Method"]);
    let service = service_fn(async |_: Request<Full<Bytes>>| {
        served.hand.advance(millis(1));
        let response = Response::builder().header("grpc-status", "8").body(Full::default());
        Ok::<_, Infallible>(response.unwrap())
    });
    let mut request = post("/pkg.Service/Method");
    request.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    read(send(&served.layer, service, request).unwrap()).unwrap();
    let table = served.profile.to_string();
    assert_eq!(
        table.lines().last(),
        Some("1.00ms  POST /pkg.Service/Method  client error  just now")
    );
}
