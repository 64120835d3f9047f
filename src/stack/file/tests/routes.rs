use super::support::{lines, reading, source};

fn file(routes: &[&str]) -> String {
    routes.iter().map(|route| format!("[[route]]\n{route}\nprofile = true\n")).collect()
}

#[test]
fn routes_that_one_request_could_belong_to_overlap() {
    let overlap = |routes: &[&str]| lines(&source(&file(routes)));
    assert_eq!(
        overlap(&["path = '/a'", "path = '/a'"]),
        ["weir.toml:5:8: there are two routes `/a` @ '/a'"]
    );
    assert_eq!(
        overlap(&[
            "path = '/a'\nmethods = ['GET', 'PUT']",
            "path = '/a'\nmethods = ['PUT', 'POST']"
        ]),
        ["weir.toml:6:8: the routes `GET|PUT /a` and `PUT|POST /a` overlap @ '/a'"]
    );
    assert_eq!(
        overlap(&["path = '/f/{*rest}'", "path = '/b'", "path = '/f/{*all}'"]),
        ["weir.toml:8:8: the routes `/f/{*rest}` and `/f/{*all}` overlap @ '/f/{*all}'"]
    );
    assert_eq!(
        overlap(&["path = '/a/{id}/x'", "path = '/a/{*rest}'"]),
        ["weir.toml:5:8: the routes `/a/{id}/x` and `/a/{*rest}` overlap @ '/a/{*rest}'"]
    );
    for apart in [
        ["path = '/a'", "path = '/a'\nmethods = ['GET']"],
        ["path = '/a'\nmethods = ['GET']", "path = '/a'\nmethods = ['HEAD']"],
        ["path = '/a/x'", "path = '/a/{*rest}'"],
        ["path = '/a/{id}'", "path = '/a/new'"],
        ["path = '/a'", "path = '/a/'"],
    ] {
        assert_eq!(overlap(&apart), [""; 0], "{apart:?}");
    }
}

#[test]
fn each_of_many_routes_that_overlap_is_reported() {
    let routes =
        ["path = '/{a}/x'", "path = '/{*b}'", "path = '/{c}/x'", "path = '/{*d}'", "path = '/y'"];
    assert_eq!(
        lines(&source(&file(&routes))),
        [
            "weir.toml:5:8: the routes `/{a}/x` and `/{*b}` overlap @ '/{*b}'",
            "weir.toml:8:8: the routes `/{a}/x` and `/{c}/x` overlap @ '/{c}/x'",
            "weir.toml:11:8: the routes `/{*b}` and `/{*d}` overlap @ '/{*d}'",
        ]
    );
}

#[test]
fn routes_that_no_request_meets_are_errors() {
    for (route, line) in [
        (
            "path = 'GET /a'",
            "weir.toml:2:8: a path is written without a method @ 'GET /a' => \"/a\"",
        ),
        (
            "path = '/a/../b'",
            "weir.toml:2:8: no client sends `.` or `..` as a segment of a path @ '/a/../b'",
        ),
        ("path = '/a'\nmethods = []", "weir.toml:3:11: a route without methods is never met @ []"),
        ("path = '/a//b'", "weir.toml:2:8: an empty segment is in this path @ '/a//b' => \"/a/b\""),
        ("", "weir.toml:1:1: a route needs a path @ [[route]]"),
        (
            "path = '/a'\nmethods = ['CONNECT']",
            "weir.toml:3:11: a CONNECT request has no path, so that it meets no route @ ['CONNECT']",
        ),
        ("path = '/a'\nmethods = ['GET', 'GET']", "weir.toml:3:19: `GET` is there twice @ 'GET'"),
    ] {
        assert_eq!(lines(&source(&file(&[route]))), [line]);
    }
    // What a single value says is for its reader's tests.
    for route in [
        "path = 'a'",
        "path = '/a#b'",
        "path = '/:id'",
        "path = '/{*rest}/a'",
        "path = '/a'\nmethods = ['get']",
    ] {
        assert_eq!(lines(&source(&file(&[route]))).len(), 1, "{route}");
    }
}

#[test]
fn routes_have_names_of_their_own() {
    assert_eq!(
        lines(&source(&file(&["path = '/a'\nname = 'x'", "path = '/b'\nname = 'x'"]))),
        ["weir.toml:7:8: two routes are called `x` @ 'x'"]
    );
    let read = reading(&source(&file(&["path = '/a'\nmethods = ['GET', 'HEAD']", "path = '/b'"])));
    let names: Vec<_> = read.settings.routes.iter().map(|route| &*route.name).collect();
    assert_eq!(names, ["GET|HEAD /a", "/b"]);
}

#[test]
fn routes_without_effect_are_suspicious() {
    assert_eq!(
        lines(&source("[[route]]\npath = '/a'\n")),
        ["weir.toml:1:1: this route says nothing @ [[route]]"]
    );
    let text =
        "[defaults]\ncoalesce = true\n[[route]]\npath = '/a'\nmethods = ['POST']\ncache = true\n";
    assert_eq!(lines(&source(text)), ["weir.toml:6:1: `cache` does nothing for POST @ cache"]);
}

#[test]
fn a_single_table_is_no_list_of_routes() {
    assert_eq!(
        lines(&source("[route]\npath = '/a'\nprofile = true")),
        ["weir.toml:1:1: routes are a list @ [route] => [[route]]"]
    );
    assert_eq!(
        lines(&source("[[routes]]\npath = '/a'\nprofile = true")),
        ["weir.toml:1:3: unknown key `routes` @ routes => route"]
    );
}

#[test]
fn no_route_is_called_as_the_defaults_are() {
    let text = "[[route]]\npath = '/a'\nname = 'default'\ncache = true";
    let found = lines(&source(text));
    assert_eq!(
        found,
        ["weir.toml:3:8: `default` is what requests of no route are counted as @ 'default'"]
    );
}
