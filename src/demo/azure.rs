//! Azure Monitor records of the demo: the shapes that Microsoft's diagnostic export has.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::native::Native;
use super::random::Rng;
use super::tenants::{self, Tenant};

/// Display names of regions inside the EU Data Boundary, as Graph's log writes them.
const INSIDE: [&str; 6] = [
    "West Europe",
    "North Europe",
    "France Central",
    "Germany West Central",
    "Sweden Central",
    "Switzerland North",
];

/// Regions outside it and outside every exception's place.
const ABROAD: [&str; 6] =
    ["UK South", "Brazil South", "Southeast Asia", "Japan East", "Canada Central", "UAE North"];

/// Regions where the analytics exception lets the directory's data be processed.
const AMERICAN: [&str; 3] = ["East US 2", "West US", "Central US"];

/// Paths whose data the directory's core store holds.
const DIRECTORY: [&str; 5] = [
    "/users?$select=id,displayName,mail&$top=100",
    "/groups/4f8a1c02-0000-4000-8000-000000000017/members",
    "/devices?$filter=isCompliant%20eq%20true",
    "/organization",
    "/users/7d10b2f5-0000-4000-8000-000000000031/memberOf",
];

/// Paths of other services.
const OTHERS: [&str; 4] = [
    "/identity/conditionalAccess/policies",
    "/auditLogs/signIns?$top=50",
    "/applications",
    "/deviceManagement/managedDevices",
];

const CLIENTS: [&str; 4] = [
    "python-requests/2.32.5",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0",
    "graph-powershell/2.24",
    "Go-http-client/2.0",
];

const APPS: [&str; 5] =
    ["Contoso Expenses", "Fabrikam Roster", "Graph Explorer", "Office 365 Portal", "Woodgrove CRM"];

/// An address from a block set aside for documentation (RFC 5737).
fn address(rng: &mut Rng) -> String {
    format!("203.0.113.{}", rng.below(254) + 1)
}

/// A Graph call of a tenant inside the boundary, served where no exception reaches.
pub(super) fn graph_abroad(native: &Native, rng: &mut Rng, now: Timestamp) -> Value {
    let tenant = rng.pick(&native.plain_boundary);
    let (region, path) = (rng.pick(&ABROAD), rng.pick(&DIRECTORY));
    graph(rng, now, tenant, region, path)
}

/// A record that breaks nothing.
pub(super) fn ordinary(native: &Native, rng: &mut Rng, now: Timestamp) -> Value {
    match rng.below(100) {
        0..40 => graph_at_home(native, rng, now),
        40..50 => {
            let tenant = rng.pick(&native.boundary);
            let (region, path) = (rng.pick(&AMERICAN), rng.pick(&DIRECTORY));
            graph(rng, now, tenant, region, path)
        }
        50..75 => {
            let tenant = rng.pick(&tenants::ALL);
            sign_in(rng, now, tenant)
        }
        75..88 => {
            let tenant = rng.pick(&tenants::ALL);
            directory_audit(rng, now, tenant)
        }
        _ => {
            let tenant = rng.pick(&tenants::ALL);
            device_audit(rng, now, tenant)
        }
    }
}

/// A record without the tenant, which is needed: a dead letter.
pub(super) fn unreadable(rng: &mut Rng, now: Timestamp) -> Value {
    json!({
        "time": now.to_string(),
        "category": "SignInLogs",
        "operationName": "Sign-in activity",
        "correlationId": rng.guid(),
        "properties": {"id": rng.guid(), "createdDateTime": now.to_string()},
    })
}

pub(super) fn graph_at_home(native: &Native, rng: &mut Rng, now: Timestamp) -> Value {
    let european = rng.chance(0.7);
    let tenant = rng.pick(if european { &native.boundary } else { &native.elsewhere });
    let region = if european { rng.pick(&INSIDE) } else { rng.pick(tenant.intune_regions()) };
    let path = if rng.chance(0.6) { rng.pick(&DIRECTORY) } else { rng.pick(&OTHERS) };
    graph(rng, now, tenant, region, path)
}

fn graph(rng: &mut Rng, now: Timestamp, tenant: Tenant, region: &str, path: &str) -> Value {
    let (id, request, time) = (tenant.id(), rng.guid(), now.to_string());
    let client = address(rng);
    let scope = if tenant.in_emea() { "EU" } else { "NA" };
    json!({
        "time": time,
        "resourceId": format!("/TENANTS/{}/PROVIDERS/MICROSOFT.AADIAM", id.to_uppercase()),
        "operationName": "Microsoft Graph Activity",
        "operationVersion": "v1.0",
        "category": "MicrosoftGraphActivityLogs",
        "resultSignature": "200",
        "durationMs": format!("{}", 20_000 + rng.below(900_000)),
        "callerIpAddress": client,
        "correlationId": request,
        "level": "Informational",
        "location": region,
        "tenantId": id,
        "properties": {
            "__UDI_RequiredFields_TenantId": id,
            "__UDI_RequiredFields_RegionScope": scope,
            "timeGenerated": time,
            "location": region,
            "requestId": request,
            "operationId": request,
            "clientRequestId": rng.guid(),
            "apiVersion": "v1.0",
            "requestMethod": "GET",
            "responseStatusCode": 200,
            "tenantId": id,
            "responseSizeBytes": rng.below(20_000),
            "signInActivityId": rng.guid(),
            "roles": "Directory.Read.All Group.Read.All User.Read.All",
            "appId": rng.guid(),
            "identityProvider": "",
            "clientAuthMethod": "2",
            "ipAddress": client,
            "userAgent": rng.pick(&CLIENTS),
            "requestUri": format!("https://graph.microsoft.com/v1.0{path}"),
            "userId": null,
            "servicePrincipalId": rng.guid(),
            "scopes": null,
            "tokenIssuedAt": time,
        },
    })
}

pub(super) fn sign_in(rng: &mut Rng, now: Timestamp, tenant: Tenant) -> Value {
    let (id, time) = (tenant.id(), now.to_string());
    let (client, user) = (address(rng), rng.below(400));
    let name = format!("user{user:03}@{}.example", tenant.name);
    let correlation = rng.guid();
    json!({
        "time": time,
        "resourceId": format!("/tenants/{id}/providers/Microsoft.aadiam"),
        "operationName": "Sign-in activity",
        "operationVersion": "1.0",
        "category": "SignInLogs",
        "tenantId": id,
        "resultType": "0",
        "durationMs": 0,
        "callerIpAddress": client,
        "correlationId": correlation,
        "identity": name,
        "Level": 4,
        "location": tenant.country,
        "properties": {
            "id": rng.guid(),
            "createdDateTime": time,
            "userDisplayName": name,
            "userPrincipalName": name,
            "userId": rng.guid(),
            "appId": rng.guid(),
            "appDisplayName": rng.pick(&APPS),
            "ipAddress": client,
            "status": {"errorCode": 0},
            "clientAppUsed": "Browser",
            "userAgent": rng.pick(&CLIENTS),
            "deviceDetail": {
                "deviceId": rng.guid(),
                "displayName": format!("PC-{user:03}"),
                "operatingSystem": "Windows 11",
                "browser": "Edge 131",
            },
            "location": {"countryOrRegion": tenant.country},
            "correlationId": correlation,
            "conditionalAccessStatus": "notApplied",
            "isInteractive": true,
            "authenticationRequirement": "singleFactorAuthentication",
            "homeTenantId": id,
            "resourceTenantId": id,
            "riskState": "none",
        },
    })
}

fn directory_audit(rng: &mut Rng, now: Timestamp, tenant: Tenant) -> Value {
    let (id, time) = (tenant.id(), now.to_string());
    let (operation, kind) = rng.pick(&[
        ("Update user", "User"),
        ("Add member to group", "Group"),
        ("Update device", "Device"),
        ("Update application", "Application"),
    ]);
    json!({
        "time": time,
        "resourceId": format!("/tenants/{id}/providers/Microsoft.aadiam"),
        "operationName": operation,
        "operationVersion": "1.0",
        "category": "AuditLogs",
        "tenantId": id,
        "resultSignature": "None",
        "callerIpAddress": address(rng),
        "correlationId": rng.guid(),
        "Level": 4,
        "properties": {
            "id": format!("Directory_{}", rng.guid()),
            "category": format!("{kind}Management"),
            "activityDisplayName": operation,
            "activityDateTime": time,
            "loggedByService": "Core Directory",
            "operationType": "Update",
            "result": "success",
            "tenantGeo": if tenant.in_emea() { "EU" } else { "NA" },
            "initiatedBy": {"app": {"displayName": rng.pick(&APPS), "servicePrincipalId": rng.guid()}},
            "targetResources": [{"id": rng.guid(), "type": kind, "modifiedProperties": []}],
        },
    })
}

fn device_audit(rng: &mut Rng, now: Timestamp, tenant: Tenant) -> Value {
    let time = now.to_string();
    json!({
        "time": time,
        "tenantId": tenant.id(),
        "category": "AuditLogs",
        "operationName": "Patch ManagedDevice",
        "resultType": "Success",
        "correlationId": rng.guid(),
        "identity": "See Actor details in properties",
        "properties": {
            "AuditEventId": rng.guid(),
            "ActivityDate": time,
            "ActivityResultStatus": 1,
            "Category": 3,
            "Actor": {"Application": rng.guid(), "ApplicationName": rng.pick(&APPS)},
            "TargetDisplayNames": ["<null>"],
            "Targets": [{"ModifiedProperties": [{"Name": "DeviceName", "Old": "", "New": ""}]}],
        },
    })
}
