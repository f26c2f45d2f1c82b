use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::OpenApi;

use super::*;

#[test]
fn every_address_of_the_api_is_described() {
    let routes = include_str!("../mod.rs").split('"');
    let routes = routes.filter(|text| text.starts_with("/api/v1/"));
    let routes: BTreeSet<&str> = routes.chain([posts::PATH]).collect();
    let api = Description::openapi();
    let described = api.paths.paths.keys().map(String::as_str).collect();
    assert_eq!(routes, described);
}

#[test]
fn what_holds_for_all_is_in_it() {
    let api = serde_json::to_value(Description::openapi()).unwrap();
    assert_eq!(api["openapi"], "3.1.0");
    let top = &api["paths"]["/api/v1/top"]["get"];
    assert!(
        top["responses"]["304"]["headers"]["ETag"].is_object(),
        "{top}"
    );
    let row = &api["components"]["schemas"]["Row"];
    let required = row["required"].as_array().unwrap();
    let properties = row["properties"].as_object().unwrap();
    assert!(required.contains(&Value::from("people")), "{row}");
    assert_eq!(required.len(), properties.len());
    assert_eq!(api["components"]["schemas"]["Lang"]["type"], "string");
    assert_eq!(api["components"]["schemas"]["Epoch"]["type"], "integer");
}
