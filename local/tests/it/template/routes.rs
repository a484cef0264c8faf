//! One set of routes in four places: routers and their description, the template, `cargo lambda watch`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::query::functions;
use super::{Repository, holds};

/// What the routers serve and describe, which they register together, and where the description itself is.
pub fn of_routers() -> BTreeSet<String> {
    let functions = [
        ("admin", admin::router().into_openapi()),
        ("admin", admin::about().into_openapi()),
        ("auth", auth::router().into_openapi()),
        ("contacts", contacts::router().into_openapi()),
        ("scheduling", scheduling::router().into_openapi()),
        ("templates", templates::router().into_openapi()),
        ("webhook", webhook::router().into_openapi()),
    ];
    let routes = functions.into_iter().flat_map(|(function, described)| {
        described_in(&serde_json::to_value(described).unwrap())
            .map(move |route| format!("{route} of {function}"))
            .collect::<Vec<_>>()
    });
    routes.chain(admin::DOCS.map(|path| format!("GET {path} of admin"))).collect()
}

fn described_in(openapi: &Value) -> impl Iterator<Item = String> {
    let paths = openapi["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    })
}

fn of_template(repo: &Repository) -> BTreeSet<String> {
    let mut routes = BTreeSet::new();
    for function in functions(repo) {
        let events = function.resource["Properties"]["Events"].as_object();
        let events = events.into_iter().flat_map(|events| events.values());
        for event in events.filter(|event| event["Type"] == "HttpApi") {
            let part = |name: &str| event["Properties"][name].as_str().unwrap_or_default();
            routes.insert(format!("{} {} of {}", part("Method"), part("Path"), function.name));
        }
    }
    routes
}

fn of_watch(repo: &Repository) -> BTreeSet<String> {
    let paths = repo.watch.as_object().unwrap().iter();
    let routes = paths.flat_map(|(path, methods)| {
        methods.as_array().unwrap().iter().map(move |route| {
            let part = |name: &str| route[name].as_str().unwrap_or_default();
            format!("{} {path} of {}", part("method"), part("function"))
        })
    });
    routes.collect()
}

fn differences(place: &str, here: &BTreeSet<String>, routers: &BTreeSet<String>) -> Vec<String> {
    let missing = routers.difference(here).map(|route| format!("{route}: not in {place}"));
    let unserved = here.difference(routers).map(|route| format!("{route}: in {place}, and not served"));
    missing.chain(unserved).collect()
}

fn template_has_the_routes(repo: &Repository) -> Vec<String> {
    differences("template.yaml", &of_template(repo), &repo.routes)
}

fn watch_has_the_routes(repo: &Repository) -> Vec<String> {
    differences("Cargo.toml, for cargo lambda watch,", &of_watch(repo), &repo.routes)
}

/// A throttle of a route that does not exist has no effect.
fn throttles_are_of_routes(repo: &Repository) -> Vec<String> {
    let routes = of_template(repo);
    let is_route = |name: &str| routes.iter().any(|route| route.starts_with(&format!("{name} of ")));
    let throttled = repo.template["Resources"]["Api"]["Properties"]["RouteSettings"].as_object().unwrap();
    let unknown = throttled.keys().filter(|name| !is_route(name));
    unknown.map(|name| format!("{name}: throttled, and no route")).collect()
}

/// A browser asks first whether it may use a method (Fetch, CORS preflight), and API Gateway answers from its list.
fn browsers_may_use_the_methods(repo: &Repository) -> Vec<String> {
    let cors = &repo.template["Resources"]["Api"]["Properties"]["CorsConfiguration"]["AllowMethods"];
    let allowed: Vec<&str> = cors.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let methods: BTreeSet<String> =
        of_template(repo).iter().filter_map(|route| Some(route.split_once(' ')?.0.to_owned())).collect();
    let missing = methods.iter().filter(|method| !allowed.contains(&method.as_str()));
    missing.map(|method| format!("CORS AllowMethods: {method} is a route's and not in the list")).collect()
}

#[test]
fn the_page_that_may_call_the_api_may_use_the_method_of_every_route() {
    holds(
        browsers_may_use_the_methods,
        &[("CORS AllowMethods: PATCH", |repo| {
            repo.resource("Api")["Properties"]["CorsConfiguration"]["AllowMethods"] =
                json!(["GET", "POST", "PUT", "DELETE"]);
        })],
    );
}

/// The allowed origins are a literal list: SAM replaces the whole configuration by a list that a function generates.
fn origins_are_written_out(repo: &Repository) -> Vec<String> {
    let cors = &repo.template["Resources"]["Api"]["Properties"]["CorsConfiguration"];
    let lists = ["AllowOrigins", "AllowMethods", "AllowHeaders", "ExposeHeaders"];
    let made = lists.into_iter().filter(|list| !cors[*list].is_array());
    made.map(|list| format!("CORS {list}: not a list that is written out")).collect()
}

#[test]
fn the_allowed_origins_are_a_list_that_sam_does_not_replace() {
    holds(
        origins_are_written_out,
        &[("CORS AllowOrigins", |repo| {
            repo.resource("Api")["Properties"]["CorsConfiguration"]["AllowOrigins"] =
                json!({ "Fn::Split": [",", { "Ref": "CorsOrigin" }] });
        })],
    );
}

#[test]
fn the_template_has_the_routers_routes_at_their_functions_and_no_other() {
    holds(
        template_has_the_routes,
        &[
            ("GET /new of contacts: in template.yaml", |repo| {
                let event = json!({ "Type": "HttpApi", "Properties": { "Method": "GET", "Path": "/new" } });
                repo.resource("ContactsFunction")["Properties"]["Events"]["New"] = event;
            }),
            ("POST /auth/login of auth: not in template.yaml", |repo| {
                repo.resource("AuthFunction")["Properties"]["Events"]["Login"]["Properties"]["Method"] =
                    json!("PUT");
            }),
            ("GET /new of auth: not in template.yaml", |repo| {
                repo.routes.insert("GET /new of auth".to_owned());
            }),
        ],
    );
}

#[test]
fn cargo_lambda_watch_has_the_routers_routes_at_their_functions_and_no_other() {
    holds(
        watch_has_the_routes,
        &[
            ("GET /plans of auth: in Cargo.toml", |repo| {
                repo.watch["/plans"][0]["function"] = json!("auth");
            }),
            ("GET /new of auth: not in Cargo.toml", |repo| {
                repo.routes.insert("GET /new of auth".to_owned());
            }),
        ],
    );
}

#[test]
fn every_throttle_is_of_a_route() {
    holds(
        throttles_are_of_routes,
        &[("GET /gone", |repo| {
            repo.resource("Api")["Properties"]["RouteSettings"]["GET /gone"] = json!({});
        })],
    );
}

#[test]
fn the_description_is_of_the_routes_that_are_deployed() {
    let described = serde_json::to_value(tidings::api::description()).unwrap();
    let described: BTreeSet<String> = described_in(&described).collect();
    let routers = of_routers();
    let deployed = routers.iter().map(|route| route.split(" of ").next().unwrap().to_owned());
    let docs = admin::DOCS.map(|path| format!("GET {path}"));
    assert_eq!(described, deployed.filter(|route| !docs.contains(route)).collect());
}
