use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

fn properties(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Object(properties)) = map.get("properties") {
                names.extend(properties.keys().cloned());
            }
            map.values().for_each(|value| properties(value, names));
        }
        Value::Array(items) => items.iter().for_each(|value| properties(value, names)),
        _ => {}
    }
}

#[test]
fn every_key_of_the_configuration_is_known_to_the_one_that_hides_secrets() {
    let mut names = BTreeSet::new();
    properties(Settings::schema().as_value(), &mut names);
    let known: BTreeSet<String> = secrets::known_keys().map(str::to_owned).collect();
    assert_eq!(names, known);
}

#[test]
fn the_longest_service_name_decides_over_the_shorter_ones() {
    use crate::catalog::program::{Place, Service};
    use crate::place::{CountrySet, PlaceId};
    let service = |id: &str| Service {
        id: id.into(),
        title: "".into(),
        categories: Default::default(),
        catalogued: true,
    };
    let countries = CountrySet::single(1);
    let mut program = Program {
        places: vec![Place { id: "NL".into(), title: "".into(), countries }],
        services: vec![service("entra.sign-in"), service("entra.connect"), service("intune")],
        ..Program::default()
    };
    program.place_names.insert("westeurope".into(), PlaceId(0));
    let place = || Some("westeurope".to_owned());
    let rule = |service: &str, at_rest, processing| PlaceRule {
        service: service.into(),
        at_rest,
        processing,
    };
    let mut input = Input {
        topics: InputTopics { name: "a".into(), topics: vec![], pattern: None },
        format: Format::Auto,
        presume_purpose: true,
        places: vec![rule("entra.sign-in", None, place()), rule("entra", place(), None)],
    };
    let mut faults = Faults::new("c", "");
    let places = places_of(&input, &program, &mut faults);
    let known = StatedPlace::Known(PlaceId(0), countries);
    let got: Vec<_> = places.iter().map(|it| (it.service.0, it.at_rest, it.processing)).collect();
    let absent = StatedPlace::Absent;
    assert_eq!(got, [(0, absent, known), (1, known, absent)]);
    assert!(faults.is_empty());

    input.places =
        vec![rule("entra.sign-in", Some("atlantis".into()), None), rule("x", None, None)];
    places_of(&input, &program, &mut faults);
    assert_eq!(faults.len(), 2);
}

#[test]
fn credentials_of_the_status_page_come_from_variables_and_links_lead_to_the_web() {
    let read = |http: &str| {
        let text =
            format!("kafka: {{ brokers: b }}\ninputs: [{{ name: a, topics: [a] }}]\n{http}\n");
        Settings::read("c.yaml", &text, Path::new(""), &|name| (name == "T").then(|| "t0".into()))
            .map_err(|error| error.lines().join("\n"))
    };
    let good = "http:\n  auth: { bearer: { token: \"${T}\" } }\n  dashboards: https://x/d\n";
    let settings = read(good).unwrap();
    assert!(settings.guard.unwrap().admits(Some("Bearer t0")));
    assert_eq!(settings.dashboards.as_deref(), Some("https://x/d"));
    for (bad, said) in [
        ("http: { auth: { bearer: { token: hunter2 } } }", "a secret must not stand in the file"),
        ("http: { auth: {} }", "neither `basic` nor `bearer`"),
        ("http: { auth: { basic: { username: ops } } }", "give `password` or `password_file`"),
        ("http: { dashboards: \"javascript:alert(1)\" }", "no address of a web page"),
    ] {
        let error = read(bad).unwrap_err();
        assert!(error.contains(said) && !error.contains("hunter2"), "{bad}: {error}");
    }
}
