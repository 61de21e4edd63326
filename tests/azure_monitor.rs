//! Azure Monitor records, one of each family: what leaves the decoder, and what must not.
//!
//! The records under `formats/azure-monitor` are invented; each has the traps of its family.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bailiwick::code::{Code, Unreadable};
use bailiwick::decode::azure_monitor::decode;
use bailiwick::event::{Capability, Event, EventId, PlaceName, ServiceName};
use serde_json::Value;

const TENANT: &str = "0f2e1d3c-0000-4000-8000-00000000c0de";

macro_rules! fixtures {
    ($($name:literal),+ $(,)?) => {
        const FIXTURES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("formats/azure-monitor/", $name, ".json"))),)+
        ];
    };
}

fixtures!(
    "aad_graph",
    "activity",
    "activity_rest",
    "adfs_sign_in",
    "audit",
    "audit_application",
    "graph",
    "intune_audit",
    "intune_devices",
    "intune_operational",
    "provisioning",
    "risky_user",
    "service_principal_sign_in",
    "sign_in",
    "sign_in_text_properties",
    "storage",
    "user_risk_event",
);

fn fixture(name: &str) -> &'static str {
    FIXTURES.iter().find(|(known, _)| *known == name).expect("a fixture of that name").1
}

fn event(name: &str) -> Event<'static> {
    decode(fixture(name)).expect("a record that can be read")
}

fn time(event: &Event<'_>) -> String {
    event.time.to_string()
}

fn categories(event: &Event<'_>) -> Vec<String> {
    let mut names: Vec<_> = event.data_categories.iter().map(ToString::to_string).collect();
    names.sort();
    names
}

fn region(name: &str) -> Option<PlaceName<'_>> {
    Some(PlaceName::Region(name.into()))
}

fn named(name: &str) -> ServiceName<'_> {
    ServiceName::Named(name.into())
}

fn plain(id: &str) -> Option<EventId<'_>> {
    Some(EventId::Plain(id.into()))
}

/// A record of one line, with quotes instead of double quotes.
fn refused(record: &str) -> (Code, &'static str) {
    let Unreadable { code, field } = decode(&record.replace('\'', "\"")).expect_err("a refusal");
    (code, field)
}

#[test]
fn every_fixture_belongs_to_the_tenant_of_the_fixtures() {
    for (name, text) in FIXTURES {
        let event = decode(text).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(event.tenant.to_lowercase(), TENANT, "{name}");
    }
}

#[test]
fn a_sign_in_has_no_place_however_many_locations_it_names() {
    let event = event("sign_in");
    assert_eq!(event.service, named("entra.sign-in"));
    assert_eq!(time(&event), "2026-03-02T08:14:02.7654321Z");
    assert_eq!(event.processing_location, None);
    assert_eq!(event.location_at_rest, None);
    assert_eq!(event.placement, None);
    assert_eq!(event.access_location.as_deref(), Some("GB"));
    assert_eq!(event.id, plain("aaaa0001-0000-4000-8000-000000000001"));
    assert_eq!(event.in_play.get(Capability::MultiTenantCollaboration), Some(true));
    assert_eq!(event.in_play.get(Capability::MultiGeo), None);
    let other = "99990001-0000-4000-8000-000000000009";
    assert_eq!(event.collaborating_tenant.as_deref(), Some(other));
    assert_eq!(
        categories(&event),
        [
            "device_account",
            "service_configuration.application",
            "service_configuration.policy",
            "usage",
            "user_account.other",
            "user_account.phone_number",
        ]
    );
}

#[test]
fn a_sign_in_whose_details_are_json_text_is_read_all_the_same() {
    let event = event("sign_in_text_properties");
    assert_eq!(time(&event), "2026-03-02T08:59:58Z");
    assert_eq!(event.in_play.get(Capability::MultiTenantCollaboration), Some(false));
    assert_eq!(
        categories(&event),
        [
            "device_account",
            "service_configuration.application",
            "usage",
            "user_account.other",
            "user_account.phone_number",
        ]
    );
}

#[test]
fn a_service_principal_is_no_user() {
    let event = event("service_principal_sign_in");
    assert_eq!(event.service, named("entra.sign-in"));
    assert_eq!(categories(&event), ["service_configuration.application", "usage"]);
    assert_eq!(event.processing_location, None);
}

#[test]
fn a_federation_server_is_another_service() {
    let event = event("adfs_sign_in");
    assert_eq!(event.service, named("ad-fs"));
    assert_eq!(time(&event), "2026-03-02T11:30:00Z");
    assert_eq!(categories(&event), ["usage", "user_account.other"]);
}

#[test]
fn an_audit_row_names_its_logger_its_targets_and_what_changed() {
    let event = event("audit");
    assert_eq!(event.service, ServiceName::Logged("Core Directory".into()));
    assert_eq!(time(&event), "2026-03-03T07:00:04.9Z");
    assert_eq!(event.placement, region("EU"));
    assert_eq!(event.processing_location, None);
    assert_eq!(categories(&event), ["service_configuration.group", "user_account.other"]);
    assert_eq!(event.hints.as_slice(), ["Mobile", "Included Updated Properties"]);
    assert_eq!(event.id, plain("Directory_12340005_FI4U8_1234"));
    assert!(event.attributes.is_empty());
}

#[test]
fn what_the_core_directory_logs_of_applications_is_application_management() {
    let event = event("audit_application");
    assert_eq!(event.service, named("entra.enterprise-application-management"));
    assert_eq!(event.placement, region("NA"));
    assert_eq!(
        categories(&event),
        ["service_configuration.application", "service_configuration.policy"]
    );
    let by_device_registration =
        fixture("audit_application").replace("Contoso Portal", "Device Registration Service");
    assert_eq!(
        decode(&by_device_registration).unwrap().service,
        ServiceName::Logged("Core Directory".into())
    );
}

#[test]
fn a_provisioned_user_is_account_data_with_the_names_of_what_changed() {
    let event = event("provisioning");
    assert_eq!(event.service, named("entra.sync-fabric"));
    assert_eq!(time(&event), "2026-03-04T12:00:00.5Z");
    assert_eq!(categories(&event), ["user_account.other"]);
    assert_eq!(event.hints.as_slice(), ["userName", "title"]);
}

#[test]
fn a_risky_users_location_is_a_region_and_its_id_a_person() {
    let event = event("risky_user");
    assert_eq!(event.service, named("entra.other"));
    assert_eq!(time(&event), "2026-03-05T21:59:27Z");
    assert_eq!(event.processing_location, region("weu"));
    assert_eq!(event.access_location, None);
    let person = "bbbb0001-0000-4000-8000-000000000002";
    assert_eq!(event.id, Some(EventId::Personal(person.into())));

    let country = fixture("risky_user").replace("\"weu\"", "\"gb\"");
    let event = decode(&country).unwrap();
    assert_eq!(event.processing_location, None);
    assert_eq!(event.access_location.as_deref(), Some("gb"));

    let without = fixture("risky_user").replace("\"id\":", "\"was\":");
    assert_eq!(decode(&without).unwrap().id, Some(EventId::Personal(person.into())));
}

#[test]
fn a_risk_events_location_is_where_the_user_was() {
    let event = event("user_risk_event");
    assert_eq!(event.service, named("entra.other"));
    assert_eq!(event.processing_location, None);
    assert_eq!(event.access_location.as_deref(), Some("gb"));
    assert_eq!(event.id, plain("aaaa0009"));
    assert_eq!(categories(&event), ["usage", "user_account.other"]);
}

#[test]
fn a_graph_request_was_served_in_a_region_and_names_nobody() {
    let event = event("graph");
    assert_eq!(event.service, ServiceName::GraphPath("users('*')/memberOf".into()));
    assert_eq!(event.processing_location, region("UK South"));
    assert_eq!(event.placement, region("EU"));
    assert_eq!(time(&event), "2026-03-06T10:25:11.1Z");
    assert_eq!(event.id, plain("aaaa0011"));
    assert_eq!(categories(&event), ["usage"]);
}

#[test]
fn an_azure_ad_graph_request_has_its_time_and_its_region_inside() {
    let event = event("aad_graph");
    assert_eq!(event.service, ServiceName::GraphPath("users/*/photo".into()));
    assert_eq!(event.processing_location, region("WestUS"));
    assert_eq!(event.placement, region("NA"));
    assert_eq!(time(&event), "2026-03-07T15:19:33.536886Z");
}

#[test]
fn intunes_audit_rows_are_not_entras() {
    let event = event("intune_audit");
    assert_eq!(event.service, named("intune"));
    assert_eq!(event.id, plain("aaaa0014"));
    assert_eq!(event.hints.as_slice(), ["deviceID"]);
    assert!(event.data_categories.is_empty());
}

#[test]
fn a_device_without_a_user_holds_no_account_data_and_a_scale_unit_is_no_place() {
    let event = event("intune_operational");
    assert_eq!(event.service, named("intune"));
    assert_eq!(event.id, plain("aaaa0016"));
    assert_eq!(categories(&event), ["device_account"]);
    assert_eq!(event.processing_location, None);
    let somebody = fixture("intune_operational").replace("00000000-0000-0", "10000000-0000-0");
    assert_eq!(categories(&decode(&somebody).unwrap()), ["device_account", "user_account.other"]);
}

#[test]
fn a_device_row_says_whose_it_is_by_kind_only() {
    let event = event("intune_devices");
    assert_eq!(event.id, None);
    assert_eq!(
        categories(&event),
        [
            "device_account",
            "user_account.email_address",
            "user_account.other",
            "user_account.phone_number",
        ]
    );
}

#[test]
fn category_names_that_other_services_share_are_told_apart_by_the_provider() {
    for (category, provider) in
        [("OperationalLogs", "MICROSOFT.EVENTHUB"), ("AuditLogs", "Microsoft.HealthcareApis")]
    {
        let record = format!(
            r#"{{"time":"2026-01-01T00:00:00Z","tenantId":"t","category":"{category}",
            "resourceId":"/subscriptions/s/providers/{provider}/x/y"}}"#
        );
        assert_eq!(decode(&record).unwrap().service, ServiceName::Provider(provider.into()));
    }
}

#[test]
fn an_audit_row_of_nobody_is_entras_by_a_service_without_a_name() {
    let record = r#"{"time":"2026-01-01T00:00:00Z","tenantId":"t","category":"AuditLogs"}"#;
    assert_eq!(decode(record).unwrap().service, ServiceName::Logged("".into()));
}

#[test]
fn the_front_end_that_took_a_call_is_its_place() {
    let event = event("activity");
    assert_eq!(event.service, ServiceName::Provider("MICROSOFT.INSIGHTS".into()));
    assert_eq!(event.processing_location, region("France South"));
    assert_eq!(event.id, plain("12340018"));
    assert!(event.data_categories.is_empty() && event.hints.is_empty());
}

#[test]
fn the_rest_form_of_the_activity_log_wraps_its_words() {
    let event = event("activity_rest");
    assert_eq!(event.service, ServiceName::Provider("Microsoft.CustomerLockbox".into()));
    assert_eq!(event.operation.as_deref(), Some("Microsoft.CustomerLockbox/requests/write"));
    assert_eq!(time(&event), "2026-03-10T11:00:00Z");
}

#[test]
fn a_resource_log_is_placed_by_its_resource() {
    let event = event("storage");
    assert_eq!(event.service, ServiceName::Provider("Microsoft.Storage".into()));
    assert_eq!(event.processing_location, region("westeurope"));
}

#[test]
fn a_country_in_an_unread_log_of_entra_is_no_region() {
    let record = r#"{"time":"2026-01-01T00:00:00Z","category":"SomeNewSignInLogs","location":"US",
        "resourceId":"/tenants/t-1/providers/Microsoft.aadiam"}"#;
    let event = decode(record).unwrap();
    assert_eq!(event.processing_location, None);
    assert_eq!(event.access_location.as_deref(), Some("US"));
    assert_eq!(event.tenant, "t-1");
}

#[test]
fn the_tenant_is_looked_for_where_records_hide_it() {
    let url = "http://schemas.microsoft.com/identity/claims/tenantid";
    for (rest, tenant) in [
        ("'tenantId':'a','resourceId':'/tenants/b/x'".to_owned(), "a"),
        ("'tenantId':'','resourceId':'/TENANTS/b/x','properties':{'tenantId':'c'}".to_owned(), "b"),
        ("'tenantId':'<null>','properties':{'tenantId':'c','AADTenantId':'d'}".to_owned(), "c"),
        ("'tenantId':null,'properties':{'AADTenantId':'d'}".to_owned(), "d"),
        (format!("'identity':{{'claims':{{'{url}':'e'}}}},'claims':{{'{url}':'f'}}"), "e"),
        (format!("'identity':'Someone','claims':{{'{url}':'f'}}"), "f"),
        ("'properties':{'hierarchy':'g/s','TenantID':'h'}".to_owned(), "g"),
        ("'properties':{'TenantID':'h'}".to_owned(), "h"),
        ("'identity':{'requester':{'tenantId':'i'}}".to_owned(), "i"),
    ] {
        let record = format!("{{'time':'2026-01-01T00:00:00Z',{rest}}}").replace('\'', "\"");
        assert_eq!(decode(&record).unwrap().tenant, tenant, "{record}");
    }
}

#[test]
fn a_record_without_a_tenant_or_a_time_is_refused() {
    assert_eq!(refused("{'time':'2026-01-01T00:00:00Z'}"), (Code::MissingField, "tenantId"));
    assert_eq!(refused("{'tenantId':'t'}"), (Code::MissingField, "time"));
    assert_eq!(refused("{'tenantId':'t','time':''}"), (Code::MissingField, "time"));
    assert_eq!(refused("{'tenantId':'t','time':'<null>'}"), (Code::MissingField, "time"));
    assert_eq!(refused("{}"), (Code::MissingField, "tenantId"));
}

#[test]
fn a_bad_time_is_refused_by_the_path_of_its_field() {
    for (record, path) in [
        ("{'tenantId':'t','time':'yesterday'}", "time"),
        ("{'tenantId':'t','timeStamp':'2026-02-30T00:00:00Z'}", "timeStamp"),
        (
            "{'tenantId':'t','category':'SignInLogs','time':'2026-01-01T00:00:00Z',
              'properties':{'createdDateTime':'2026-01-01T00:00:60Z'}}",
            "properties.createdDateTime",
        ),
    ] {
        assert_eq!(refused(record), (Code::InvalidTime, path));
    }
}

#[test]
fn the_same_key_twice_is_refused_wherever_it_is_read() {
    for (inside, path) in [
        ("'location':'westus','location':'westeurope'", "location"),
        ("'location':null,'loc\\u0061tion':'westeurope'", "location"),
        ("'properties':{'location':'a','x':{},'location':'b'}", "properties.location"),
        ("'properties':{},'properties':{}", "properties"),
        (
            "'properties':{'targetResources':[{'type':'User'},{'type':'User','type':'Group'}]}",
            "properties.targetResources.type",
        ),
        (
            "'properties':{'deviceDetail':{'deviceId':'','deviceId':'d'}}",
            "properties.deviceDetail.deviceId",
        ),
    ] {
        let record = format!("{{'tenantId':'t','time':'2026-01-01T00:00:00Z',{inside}}}");
        assert_eq!(refused(&record), (Code::DuplicateKey, path), "{record}");
    }
    // A key that is not read may stand as often as it likes.
    assert!(decode(&fixture("graph").replace("\"wids\"", "\"roles\"")).is_ok());
}

#[test]
fn a_value_of_the_wrong_type_is_refused_by_the_path_of_its_field() {
    for (inside, path) in [
        ("'tenantId':7", "tenantId"),
        ("'category':['SignInLogs']", "category"),
        ("'resourceId':{}", "resourceId"),
        ("'location':3", "location"),
        ("'location':'','properties':{'location':true}", "properties.location"),
        ("'category':'SignInLogs','properties':'text'", "properties"),
        (
            "'category':'SignInLogs','properties':{'createdDateTime':5}",
            "properties.createdDateTime",
        ),
        ("'category':'SignInLogs','properties':{'deviceDetail':5}", "properties.deviceDetail"),
        (
            "'category':'SignInLogs','properties':{'deviceDetail':'no JSON'}",
            "properties.deviceDetail",
        ),
        ("'category':'SignInLogs','properties':{'mfaDetail':[]}", "properties.mfaDetail"),
        ("'category':'SignInLogs','properties':{'userId':{}}", "properties.userId"),
        (
            "'category':'AuditLogs','properties':{'targetResources':'[]'}",
            "properties.targetResources",
        ),
        (
            "'category':'AuditLogs','properties':{'targetResources':['User']}",
            "properties.targetResources",
        ),
        ("'category':'AuditLogs','properties':{'loggedByService':1}", "properties.loggedByService"),
    ] {
        let tenant = if inside.starts_with("'tenantId'") { "" } else { "'tenantId':'t'," };
        let record = format!("{{{tenant}'time':'2026-01-01T00:00:00Z',{inside}}}");
        assert_eq!(refused(&record), (Code::WrongType, path), "{record}");
    }
}

#[test]
fn what_real_senders_write_is_tolerated() {
    for inside in [
        "'identity':'A name'",
        "'identity':{'authorization':[],'claims':{'ver':1}}",
        "'identity':['a']",
        "'location':{'city':'x'}",
        "'properties':null",
        "'properties':'plain text of an app service'",
        "'durationMs':'0','resultType':50158,'Level':'4','level':4",
        "'category':{'value':'Administrative','localizedValue':'x'}",
        "'category':'SignInLogs','properties':{'location':{},'mfaDetail':null,'deviceDetail':{}}",
        "'category':'SignInLogs','properties':{'location':'{}','userId':12}",
        "'category':'AuditLogs','properties':{'initiatedBy':{},'targetResources':null}",
        "'category':'AuditLogs','properties':{'targetResources':[null,{'type':null}]}",
        "'deep':[[[[[[[[{'a':[{'a':[{}]}]}]]]]]]]]",
    ] {
        let record = format!("{{'tenantId':'t','time':'2026-01-01T00:00:00Z',{inside}}}");
        let record = record.replace('\'', "\"");
        assert!(decode(&record).is_ok(), "{record}: {:?}", decode(&record));
    }
}

#[test]
fn text_that_is_no_json_object_is_refused_by_its_kind() {
    for (text, code) in [
        ("", Code::NotJson),
        ("{", Code::NotJson),
        ("{\"time\":\"2026", Code::NotJson),
        ("{'time':'x'}", Code::NotJson),
        ("{\"a\":\"raw\nbreak\"}", Code::NotJson),
        ("{\"a\":1}}", Code::NotJson),
        ("{\"a\":1,}", Code::NotJson),
        ("{\"a\":Nope}", Code::NotJson),
        ("{\"a\":\"NaN\" \"b\":1}", Code::NotJson),
        ("[]", Code::NotAnObject),
        ("null", Code::NotAnObject),
        ("\"text\"", Code::NotAnObject),
        ("7", Code::NotAnObject),
        ("{\"a\":NaN}", Code::NotANumber),
        ("{\"a\":\n [1,\n Infinity]}", Code::NotANumber),
        ("{\"a\":-Infinity}", Code::NotANumber),
        ("{\"location\":NaN}", Code::NotANumber),
        ("{\"location\": -Infinity}", Code::NotANumber),
        ("{\"tenantId\":\"é\",\"b\":NaN}", Code::NotANumber),
    ] {
        let why = decode(text).expect_err(text);
        assert_eq!(why, Unreadable::whole(code), "{text}");
    }
}

#[test]
fn escapes_in_keys_and_values_change_nothing() {
    let record = fixture("sign_in").replace("\"tenantId\"", "\"tenant\\u0049d\"");
    assert_eq!(decode(&record).unwrap().tenant, TENANT);
    let record = r#"{"tenantId":"t\u002d1","time":"2026-01-01T00:00:00Z","location":"West\u0020US",
        "resourceId":"\/subscriptions\/s\/providers\/Microsoft.Storage\/x"}"#;
    let event = decode(record).unwrap();
    assert_eq!(event.tenant, "t-1");
    assert_eq!(event.processing_location, region("West US"));
    assert_eq!(event.service, ServiceName::Provider("Microsoft.Storage".into()));
}

/// Marks one text of a record after another and looks where the mark comes out.
///
/// The mark is an e-mail address, so that a field that lets plain names through (a path, a
/// provider) has to stop it.
#[test]
fn no_personal_value_leaves_by_a_field_that_is_put_out() {
    const MARK: &str = "canary@contoso.example";
    // Fields of the record that may leave, by the field of the event by which they do.
    let may_leave = |way: &str, path: &str| match way {
        "service" => path == "/properties/loggedByService",
        "tenant" => {
            [
                "/tenantId",
                "/properties/tenantId",
                "/properties/AADTenantId",
                "/properties/hierarchy",
            ]
            .contains(&path)
                || path.ends_with("claims~1tenantid")
                || path == "/identity/requester/tenantId"
                || path == "/resourceId"
        }
        "id" => [
            "/properties/id",
            "/properties/requestId",
            "/properties/AuditEventId",
            "/properties/MessageId",
            "/correlationId",
        ]
        .contains(&path),
        "collaborator" => {
            ["/properties/homeTenantId", "/properties/resourceTenantId"].contains(&path)
        }
        "hints" => path.contains("odifiedProperties/"),
        "places" => [
            "/location",
            "/RoleLocation",
            "/properties/location",
            "/properties/tenantGeo",
            "/properties/__UDI_RequiredFields_RegionScope",
        ]
        .contains(&path),
        _ => false,
    };
    for (name, text) in FIXTURES {
        let record: Value = serde_json::from_str(text).unwrap();
        let mut paths = Vec::new();
        texts(&record, String::new(), &mut paths);
        assert!(paths.len() > 8, "{name}");
        for path in paths {
            let mut marked = record.clone();
            let field = marked.pointer_mut(&path).unwrap();
            let inside = field.as_str().unwrap().to_owned();
            // Behind the text, and for paths and ids also in the midst of it.
            for value in [format!("{inside}{MARK}"), inside.replacen('/', &format!("/{MARK}/"), 1)]
            {
                *marked.pointer_mut(&path).unwrap() = Value::String(value);
                let text = marked.to_string();
                let event = match decode(&text) {
                    Ok(event) => event,
                    Err(why) => {
                        assert!(!format!("{why:?} {why}").contains("canary"), "{name} {path}");
                        continue;
                    }
                };
                let personal = matches!(event.id, Some(EventId::Personal(_)));
                for (way, value) in [
                    ("service", format!("{:?}", event.service)),
                    ("tenant", event.tenant.to_string()),
                    ("id", if personal { String::new() } else { format!("{:?}", event.id) }),
                    ("categories", format!("{:?}", event.data_categories)),
                    ("attributes", format!("{:?}", event.attributes)),
                    ("hints", format!("{:?}", event.hints)),
                    (
                        "places",
                        format!(
                            "{:?} {:?} {:?}",
                            event.processing_location, event.location_at_rest, event.placement
                        ),
                    ),
                    ("subject", format!("{:?}", event.subject)),
                    ("collaborator", format!("{:?}", event.collaborating_tenant)),
                ] {
                    if value.contains("canary") {
                        assert!(may_leave(way, &path), "{name}: {path} left by {way}: {value}");
                    }
                }
            }
        }
    }
}

/// The JSON pointers of all texts.
fn texts(value: &Value, at: String, into: &mut Vec<String>) {
    match value {
        Value::String(_) => into.push(at),
        Value::Array(list) => {
            for (index, element) in list.iter().enumerate() {
                texts(element, format!("{at}/{index}"), into);
            }
        }
        Value::Object(map) => {
            for (key, element) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                texts(element, format!("{at}/{key}"), into);
            }
        }
        _ => {}
    }
}
