//! Azure Monitor diagnostic records: Entra, Intune, Graph and Azure's own logs.
//!
//! In: the text of one bare record. Out: one event. It does not know envelopes (a record comes
//! out of its list before), nor what services, places or attributes mean: names leave as found.
//!
//! Most records state no place: a sign-in's `location` is where the user was, a tenant's `geo`
//! is where the tenant is, and neither is where the data was.

mod activity;
mod audit;
mod graph;
mod graph_path;
mod intune;
mod provisioning;
mod record;
mod risk;
mod sign_in;

use std::borrow::Cow;
use std::mem::take;

use jiff::Timestamp;

use self::record::Record;
use super::json::{self, Shape, Text};
use super::time;
use crate::code::{Code, Unreadable};
use crate::event::{Capability, Event, EventId, PlaceName, ServiceName};

/// Reads one bare record.
///
/// # Errors
///
/// Says why the record cannot be read; never what it says.
pub fn decode(text: &str) -> Result<Event<'_>, Unreadable> {
    let mut record: Record<'_> =
        json::read(text).map_err(|error| json::unreadable(&error, text))?;
    if record.shape != Shape::Fits {
        return Err(Unreadable::whole(Code::NotAnObject));
    }
    if let Some(path) = record.twice {
        return Err(Unreadable::at(Code::DuplicateKey, path));
    }
    let category = take(&mut record.category).or_value("category")?;
    let resource = take(&mut record.resource_id).required_type("resourceId")?;
    let origin = Origin::of(&record, resource);
    let family = family(category.as_deref().unwrap_or_default(), &record, &origin);
    if family != Family::Resource {
        expect(record.properties.shape, "properties")?;
    }
    match family {
        Family::SignIn(by) => sign_in::read(record, &origin, by),
        Family::Audit => audit::read(record, &origin),
        Family::Provisioning => provisioning::read(record, &origin),
        Family::Risk(about) => risk::read(record, &origin, about),
        Family::Graph { tenant_in_path } => graph::read(record, &origin, tenant_in_path),
        Family::Intune(log) => intune::read(record, &origin, log),
        Family::Resource => activity::read(record, &origin),
    }
}

/// What a record is about, and so how it is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Family {
    SignIn(sign_in::By),
    Audit,
    Provisioning,
    Risk(risk::About),
    Graph { tenant_in_path: bool },
    Intune(intune::Log),
    Resource,
}

/// The category's family. Other services of Azure use some of Entra's and Intune's category
/// names for logs of their own; their resource provider tells them apart.
fn family(category: &str, record: &Record<'_>, origin: &Origin<'_>) -> Family {
    use intune::Log;
    use risk::About;
    use sign_in::By;
    let is = |name: &str| category.eq_ignore_ascii_case(name);
    let intune = |log| match &origin.provider {
        Some(provider) if !provider.eq_ignore_ascii_case("microsoft.intune") => Family::Resource,
        _ => Family::Intune(log),
    };
    if is("MicrosoftGraphActivityLogs") {
        Family::Graph { tenant_in_path: false }
    } else if is("AzureADGraphActivityLogs") {
        Family::Graph { tenant_in_path: true }
    } else if is("SignInLogs") || is("NonInteractiveUserSignInLogs") {
        Family::SignIn(By::Person)
    } else if is("ServicePrincipalSignInLogs")
        || is("ManagedIdentitySignInLogs")
        || is("MicrosoftServicePrincipalSignInLogs")
    {
        Family::SignIn(By::Application)
    } else if is("ADFSSignInLogs") {
        Family::SignIn(By::PersonOnPremises)
    } else if is("AuditLogs") {
        audit_family(record, origin)
    } else if is("ProvisioningLogs") {
        Family::Provisioning
    } else if is("RiskyUsers") {
        Family::Risk(About::Person)
    } else if is("UserRiskEvents") {
        Family::Risk(About::PersonsSignIn)
    } else if is("RiskyServicePrincipals") || is("ServicePrincipalRiskEvents") {
        Family::Risk(About::Application)
    } else if is("OperationalLogs") {
        intune(Log::Operational)
    } else if is("DeviceComplianceOrg") || is("Devices") {
        intune(Log::Devices)
    } else {
        Family::Resource
    }
}

/// Whose `AuditLogs` they are: Entra's, Intune's, or another service's.
fn audit_family(record: &Record<'_>, origin: &Origin<'_>) -> Family {
    let from = |name: &str| origin.provider.as_ref().is_some_and(|p| p.eq_ignore_ascii_case(name));
    let properties = &record.properties;
    if from("microsoft.aadiam") || properties.logged_by != Text::Absent {
        Family::Audit
    } else if from("microsoft.intune")
        || properties.audit_event_id != Text::Absent
        || properties.activity_date != Text::Absent
        || properties.intune_account != json::Presence::Absent
    {
        Family::Intune(intune::Log::Audit)
    } else if origin.provider.is_some() {
        Family::Resource
    } else {
        Family::Audit
    }
}

/// What the resource id says.
struct Origin<'a> {
    /// The resource provider, by the last `/providers/` (an extension of a resource is named
    /// behind the resource).
    provider: Option<Cow<'a, str>>,
    /// The tenant of `/tenants/<id>/…`.
    tenant: Option<Cow<'a, str>>,
}

impl<'a> Origin<'a> {
    fn of(record: &Record<'a>, resource: Option<Cow<'a, str>>) -> Self {
        let Some(resource) = resource else {
            return Self { provider: None, tenant: None };
        };
        // Every other way to the tenant comes after `tenantId`, so this one is rarely needed.
        let tenant =
            if record.tenant_id == Text::Absent { part(&resource, tenant_of) } else { None };
        Self { provider: part(&resource, provider), tenant }
    }
}

/// The tenant that a resource id begins with.
fn tenant_of(id: &str) -> Option<&str> {
    const MARK: &str = "/tenants/";
    let (mark, rest) = id.split_at_checked(MARK.len())?;
    let tenant = rest.split('/').next()?;
    (mark.eq_ignore_ascii_case(MARK) && !tenant.is_empty()).then_some(tenant)
}

/// The resource provider of a resource id.
fn provider(id: &str) -> Option<&str> {
    const MARK: &str = "/providers/";
    let at = memchr::memrchr_iter(b'/', id.as_bytes())
        .find(|at| id.get(*at..at + MARK.len()).is_some_and(|m| m.eq_ignore_ascii_case(MARK)))?;
    let name = id.get(at + MARK.len()..)?.split('/').next()?;
    // Ids are free text to some senders; what is no provider's name is none.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (!name.is_empty() && name.bytes().all(plain)).then_some(name)
}

/// A part of a text, borrowed from the record where the text is.
fn part<'a>(text: &Cow<'a, str>, cut: fn(&str) -> Option<&str>) -> Option<Cow<'a, str>> {
    match text {
        Cow::Borrowed(text) => cut(text).map(Cow::Borrowed),
        Cow::Owned(text) => cut(text).map(|part| Cow::Owned(part.to_owned())),
    }
}

/// What every family's event has.
fn begin<'a>(
    record: &mut Record<'a>,
    service: ServiceName<'a>,
    tenant: Cow<'a, str>,
    time: Timestamp,
) -> Result<Event<'a>, Unreadable> {
    let mut event = Event::new(time, service, tenant);
    event.operation = take(&mut record.operation_name).or_value("operationName")?;
    let properties = &mut record.properties;
    let (geo, scope) = (take(&mut properties.tenant_geo), take(&mut properties.region_scope));
    event.placement = match region(geo, "properties.tenantGeo")? {
        None => region(scope, "properties.__UDI_RequiredFields_RegionScope")?,
        stated => stated,
    };
    Ok(event)
}

/// Whose data it is: the first of all the places where records say so.
fn tenant<'a>(record: &mut Record<'a>, origin: &Origin<'a>) -> Result<Cow<'a, str>, Unreadable> {
    if let Some(tenant) = take(&mut record.tenant_id).required_type("tenantId")? {
        return Ok(tenant);
    }
    if let Some(tenant) = &origin.tenant {
        return Ok(tenant.clone());
    }
    let properties = &mut record.properties;
    let identity = &mut record.identity;
    let claim = "identity.claims.tenantid";
    for (stated, path) in [
        (take(&mut properties.tenant_id), "properties.tenantId"),
        (take(&mut properties.aad_tenant_id), "properties.AADTenantId"),
        (take(&mut identity.claims.tenant), claim),
        (take(&mut identity.claim.tenant), claim),
        (take(&mut record.claims.tenant), "claims.tenantid"),
    ] {
        if let Some(tenant) = stated.required_type(path)? {
            return Ok(tenant);
        }
    }
    let hierarchy = take(&mut properties.hierarchy).required_type("properties.hierarchy")?;
    let first = |path: &Cow<'a, str>| part(path, |path| path.split('/').find(|s| !s.is_empty()));
    if let Some(tenant) = hierarchy.as_ref().and_then(first) {
        return Ok(tenant);
    }
    for (stated, path) in [
        (take(&mut properties.tenant_id_pascal), "properties.TenantID"),
        (take(&mut identity.requester.tenant_id), "identity.requester.tenantId"),
    ] {
        if let Some(tenant) = stated.required_type(path)? {
            return Ok(tenant);
        }
    }
    Err(Unreadable::at(Code::MissingField, "tenantId"))
}

/// When it happened: by the family's own field (its path is the second part) where the record
/// has it, else by the record's time.
fn moment<'a>(
    record: &mut Record<'a>,
    own: Option<(Text<'a>, &'static str)>,
) -> Result<Timestamp, Unreadable> {
    let shared = [
        (take(&mut record.time), "time"),
        (take(&mut record.time_stamp), "timeStamp"),
        (take(&mut record.event_timestamp), "eventTimestamp"),
        (take(&mut record.properties.activity_date), "properties.ActivityDate"),
    ];
    for (stated, path) in own.into_iter().chain(shared) {
        if let Some(text) = stated.required_type(path)? {
            return time::parse(&text).ok_or(Unreadable::at(Code::InvalidTime, path));
        }
    }
    Err(Unreadable::at(Code::MissingField, "time"))
}

/// A region, where the field names one. `global` means that there is none, and an object in a
/// field that elsewhere holds a region is where a user was.
fn region<'a>(stated: Text<'a>, path: &'static str) -> Result<Option<PlaceName<'a>>, Unreadable> {
    let text = match stated {
        Text::Object(_) => None,
        other => other.required_type(path)?,
    };
    Ok(text.filter(|text| !text.eq_ignore_ascii_case("global")).map(PlaceName::Region))
}

/// The record's own region, else that of its properties.
fn served_in<'a>(record: &mut Record<'a>) -> Result<Option<PlaceName<'a>>, Unreadable> {
    match region(take(&mut record.location), "location")? {
        None => region(take(&mut record.properties.location), "properties.location"),
        stated => Ok(stated),
    }
}

/// An id that names the record alone; the correlation id where it has none.
fn plain_id<'a>(
    record: &mut Record<'a>,
    own: Text<'a>,
    path: &'static str,
) -> Result<Option<EventId<'a>>, Unreadable> {
    let id = match own.required_type(path)? {
        None => take(&mut record.correlation_id).required_type("correlationId")?,
        stated => stated,
    };
    Ok(id.map(EventId::Plain))
}

/// What a sign-in says of a collaboration between tenants: whether there is one, and with whom.
fn note_collaboration<'a>(
    event: &mut Event<'a>,
    record: &mut Record<'a>,
) -> Result<(), Unreadable> {
    let properties = &mut record.properties;
    let kind = take(&mut properties.cross_tenant);
    let Some(kind) = kind.required_type("properties.crossTenantAccessType")? else {
        return Ok(());
    };
    let in_play = !kind.eq_ignore_ascii_case("none");
    event.in_play.note(Capability::MultiTenantCollaboration, in_play);
    if in_play {
        let home = take(&mut properties.home_tenant).required_type("properties.homeTenantId")?;
        let resource =
            take(&mut properties.resource_tenant).required_type("properties.resourceTenantId")?;
        let other = |id: &Cow<'_, str>| !id.eq_ignore_ascii_case(&event.tenant);
        event.collaborating_tenant = [home, resource].into_iter().flatten().find(other);
    }
    Ok(())
}

/// Refuses a value of the wrong type; an absent one will do.
fn expect(shape: Shape, path: &'static str) -> Result<(), Unreadable> {
    match shape {
        Shape::Wrong => Err(Unreadable::at(Code::WrongType, path)),
        Shape::Absent | Shape::Fits => Ok(()),
    }
}
