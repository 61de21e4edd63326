//! The parts of an Azure Monitor record that are read, whatever its category.
//!
//! In: a record's text. Out: its needed fields, in one pass; `category` may stand behind the
//! `properties` that it explains, so the fields of all families are read together. It does not
//! know what any of them means, and skips all others without copying them.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, IgnoredAny, IntoDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};

use crate::decode::json::{self, Gather, List, Presence, Shape, Slot, Text, object};
use crate::event::Names;

object! {
    /// A record.
    pub(crate) struct Record<'de> {
        time: Text<'de> = "time" at "time";
        time_stamp: Text<'de> = "timeStamp" at "timeStamp";
        event_timestamp: Text<'de> = "eventTimestamp" at "eventTimestamp";
        category: Text<'de> = "category" at "category";
        operation_name: Text<'de> = "operationName" at "operationName";
        resource_id: Text<'de> = "resourceId" at "resourceId";
        tenant_id: Text<'de> = "tenantId" at "tenantId";
        correlation_id: Text<'de> = "correlationId" at "correlationId";
        location: Text<'de> = "location" at "location";
        role_location: Text<'de> = "RoleLocation" at "RoleLocation";
        identity: Identity<'de> = "identity" at "identity";
        claims: Claims<'de> = "claims" at "claims";
        properties: Properties<'de> = "properties" at "properties";
    }
}

object! {
    /// Who did it; a display name in most records, which is not read.
    pub(crate) struct Identity<'de> {
        claims: Claims<'de> = "claims" at "identity.claims";
        claim: Claims<'de> = "claim" at "identity.claim";
        requester: Requester<'de> = "requester" at "identity.requester";
    }
}

object! {
    /// What the caller's token says.
    pub(crate) struct Claims<'de> {
        tenant: Text<'de> = "http://schemas.microsoft.com/identity/claims/tenantid"
            at "claims.tenantid";
    }
}

object! {
    /// Who asked a storage account.
    pub(crate) struct Requester<'de> {
        tenant_id: Text<'de> = "tenantId" at "identity.requester.tenantId";
    }
}

object! {
    /// The properties of any family.
    pub(crate) struct Properties<'de> {
        // Whose it is.
        tenant_id: Text<'de> = "tenantId" at "properties.tenantId";
        aad_tenant_id: Text<'de> = "AADTenantId" at "properties.AADTenantId";
        tenant_id_pascal: Text<'de> = "TenantID" at "properties.TenantID";
        hierarchy: Text<'de> = "hierarchy" at "properties.hierarchy";
        // When.
        created: Text<'de> = "createdDateTime" at "properties.createdDateTime";
        activity_time: Text<'de> = "activityDateTime" at "properties.activityDateTime";
        generated: Text<'de> = "timeGenerated" at "properties.timeGenerated";
        activity_date: Text<'de> = "ActivityDate" at "properties.ActivityDate";
        // Where.
        location: Text<'de> = "location" at "properties.location";
        tenant_geo: Text<'de> = "tenantGeo" at "properties.tenantGeo";
        region_scope: Text<'de> = "__UDI_RequiredFields_RegionScope"
            at "properties.__UDI_RequiredFields_RegionScope";
        // Which record.
        id: Text<'de> = "id" at "properties.id";
        request_id: Text<'de> = "requestId" at "properties.requestId";
        audit_event_id: Text<'de> = "AuditEventId" at "properties.AuditEventId";
        message_id: Text<'de> = "MessageId" at "properties.MessageId";
        // Sign-ins.
        user_principal_name: Presence = "userPrincipalName" at "properties.userPrincipalName";
        user_id: Presence = "userId" at "properties.userId";
        app_id: Presence = "appId" at "properties.appId";
        app_name: Presence = "appDisplayName" at "properties.appDisplayName";
        cross_tenant: Text<'de> = "crossTenantAccessType" at "properties.crossTenantAccessType";
        home_tenant: Text<'de> = "homeTenantId" at "properties.homeTenantId";
        resource_tenant: Text<'de> = "resourceTenantId" at "properties.resourceTenantId";
        device: MaybeText<DeviceDetail> = "deviceDetail" at "properties.deviceDetail";
        policies: MaybeText<List<Count>> = "appliedConditionalAccessPolicies"
            at "properties.appliedConditionalAccessPolicies";
        mfa: MaybeText<MfaDetail> = "mfaDetail" at "properties.mfaDetail";
        steps: MaybeText<List<Telephony>> = "authenticationDetails"
            at "properties.authenticationDetails";
        // Audit and provisioning logs of Entra.
        logged_by: Text<'de> = "loggedByService" at "properties.loggedByService";
        audit_category: Text<'de> = "category" at "properties.category";
        initiated_by: Initiator<'de> = "initiatedBy" at "properties.initiatedBy";
        targets: List<Targets<'de>> = "targetResources" at "properties.targetResources";
        source: SourceIdentity<'de> = "sourceIdentity" at "properties.sourceIdentity";
        modified: List<Changed<'de>> = "modifiedProperties" at "properties.modifiedProperties";
        // Graph.
        request_uri: Text<'de> = "requestUri" at "properties.requestUri";
        // Intune.
        intune_account: Presence = "IntuneAccountId" at "properties.IntuneAccountId";
        intune_targets: List<IntuneTargets<'de>> = "Targets" at "properties.Targets";
        upn: Presence = "UPN" at "properties.UPN";
        user_name: Presence = "UserName" at "properties.UserName";
        device_user_id: Presence = "UserId" at "properties.UserId";
        user_email: Presence = "UserEmail" at "properties.UserEmail";
        phone_number: Presence = "PhoneNumber" at "properties.PhoneNumber";
        intune_user: Presence = "IntuneUserId" at "properties.IntuneUserId";
    }
}

object! {
    /// The device of a sign-in.
    pub(crate) struct DeviceDetail {
        id: Presence = "deviceId" at "properties.deviceDetail.deviceId";
        name: Presence = "displayName" at "properties.deviceDetail.displayName";
    }
}

object! {
    /// The second factor of a sign-in.
    pub(crate) struct MfaDetail {
        detail: Presence = "authDetail" at "properties.mfaDetail.authDetail";
    }
}

object! {
    /// One step of a sign-in.
    pub(crate) struct Step {
        method: Method = "authenticationMethod"
            at "properties.authenticationDetails.authenticationMethod";
    }
}

object! {
    /// Who or what started an audited change.
    pub(crate) struct Initiator<'de> {
        app: InitiatorApp<'de> = "app" at "properties.initiatedBy.app";
    }
}

object! {
    /// An application that started a change.
    pub(crate) struct InitiatorApp<'de> {
        name: Text<'de> = "displayName" at "properties.initiatedBy.app.displayName";
    }
}

object! {
    /// Something that an audited change was made to.
    pub(crate) struct Target<'de> {
        kind: Text<'de> = "type" at "properties.targetResources.type";
        modified: List<Changed<'de>> = "modifiedProperties"
            at "properties.targetResources.modifiedProperties";
    }
}

object! {
    /// Where a provisioned object came from.
    pub(crate) struct SourceIdentity<'de> {
        kind: Text<'de> = "identityType" at "properties.sourceIdentity.identityType";
    }
}

object! {
    /// An object that an Intune administrator changed.
    pub(crate) struct IntuneTarget<'de> {
        modified: List<Changed<'de>> = "ModifiedProperties"
            at "properties.Targets.ModifiedProperties";
    }
}

object! {
    /// A changed property, by whichever key has its name. Its values are not read.
    pub(crate) struct Change<'de> {
        display_name: Text<'de> = "displayName" at "modifiedProperties.displayName";
        name: Text<'de> = "name" at "modifiedProperties.name";
        name_pascal: Text<'de> = "Name" at "ModifiedProperties.Name";
    }
}

/// How many elements a list has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count(pub(crate) usize);

impl<'de> Gather<'de> for Count {
    type Element = Ignored;

    fn take(&mut self, _: Ignored) {
        self.0 += 1;
    }
}

/// An element that only counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ignored;

impl<'de> Slot<'de> for Ignored {
    fn fill<D: Deserializer<'de>>(&mut self, from: D) -> Result<(), D::Error> {
        IgnoredAny::deserialize(from).map(|_| ())
    }
}

/// Whether one of the steps went over the telephone network.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Telephony(pub(crate) bool);

impl<'de> Gather<'de> for Telephony {
    type Element = Step;

    fn take(&mut self, step: Step) {
        self.0 |= step.method.telephony;
    }
}

/// How a step was done, as far as it matters.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Method {
    telephony: bool,
}

impl<'de> Slot<'de> for Method {
    fn fill<D: Deserializer<'de>>(&mut self, from: D) -> Result<(), D::Error> {
        let mut text = Text::Absent;
        text.fill(from)?;
        self.telephony = text.text().is_some_and(|method| {
            let call = "phone call";
            method.eq_ignore_ascii_case("text message")
                || method.get(..call.len()).is_some_and(|start| start.eq_ignore_ascii_case(call))
        });
        Ok(())
    }
}

/// The names of changed properties.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changed<'de>(pub(crate) Names<'de>);

impl<'de> Gather<'de> for Changed<'de> {
    type Element = Change<'de>;

    fn take(&mut self, change: Change<'de>) {
        let named = [change.display_name, change.name, change.name_pascal]
            .into_iter()
            .find_map(|name| if let Text::Is(name) = name { Some(name) } else { None });
        self.0.extend(named);
    }
}

/// What kinds of objects were changed, and which of their properties.
#[derive(Clone, Debug, Default)]
pub(crate) struct Targets<'de> {
    pub(crate) kinds: Kinds,
    pub(crate) names: Names<'de>,
    /// An element, or its list of properties, was of another type.
    pub(crate) wrong: bool,
}

impl<'de> Gather<'de> for Targets<'de> {
    type Element = Target<'de>;

    fn take(&mut self, target: Target<'de>) {
        self.wrong |= target.shape == Shape::Wrong || target.modified.shape == Shape::Wrong;
        self.kinds.add(target.kind.text());
        take_names(&mut self.names, target.modified.gathered.0);
    }
}

/// The names of the properties that an Intune administrator changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct IntuneTargets<'de> {
    pub(crate) names: Names<'de>,
    /// An element, or its list of properties, was of another type.
    pub(crate) wrong: bool,
}

impl<'de> Gather<'de> for IntuneTargets<'de> {
    type Element = IntuneTarget<'de>;

    fn take(&mut self, target: IntuneTarget<'de>) {
        self.wrong |= target.shape == Shape::Wrong || target.modified.shape == Shape::Wrong;
        take_names(&mut self.names, target.modified.gathered.0);
    }
}

/// Most records have one target, whose list can be taken as it is.
fn take_names<'de>(names: &mut Names<'de>, more: Names<'de>) {
    if names.is_empty() {
        *names = more;
    } else {
        names.extend(more);
    }
}

/// Kinds of directory objects, as the categories of data that they are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kinds(u8);

impl Kinds {
    const CATEGORIES: [&'static str; 5] = [
        "user_account.other",
        "device_account",
        "service_configuration.application",
        "service_configuration.policy",
        "service_configuration.group",
    ];

    fn add(&mut self, kind: Option<&str>) {
        let Some(kind) = kind else { return };
        let is = |name: &str| kind.eq_ignore_ascii_case(name);
        self.0 |= if is("User") || is("Role") {
            // Who has a role is account data.
            1
        } else if is("Device") {
            2
        } else if is("Application") || is("ServicePrincipal") {
            4
        } else if is("Policy") {
            8
        } else if is("Group") {
            16
        } else {
            0
        };
    }

    pub(crate) fn categories<'de>(self) -> Names<'de> {
        let bits = (0u32..).map(|at| self.0.wrapping_shr(at) & 1 == 1);
        let named = Self::CATEGORIES.into_iter().zip(bits).filter(|(_, set)| *set);
        named.map(|(name, _)| Cow::Borrowed(name)).collect()
    }
}

/// A value, or the same as JSON text inside a string: sign-ins of clients that act on their own
/// come in either form.
#[derive(Clone, Debug, Default)]
pub(crate) struct MaybeText<T>(pub(crate) T);

impl<'de, T: for<'any> Slot<'any>> Slot<'de> for MaybeText<T> {
    fn fill<D: Deserializer<'de>>(&mut self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(MaybeTextVisitor(&mut self.0))
    }

    fn twice(&self) -> Option<&'static str> {
        self.0.twice()
    }
}

struct MaybeTextVisitor<'s, T>(&'s mut T);

impl<'de, T: for<'any> Slot<'any>> Visitor<'de> for MaybeTextVisitor<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.0.fill(MapAccessDeserializer::new(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        self.0.fill(SeqAccessDeserializer::new(list))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        match json::read(text) {
            Ok(value) => {
                *self.0 = value;
                Ok(())
            }
            // Neither form: the value's own reader calls it absent or of the wrong type.
            Err(_) => self.0.fill(text.into_deserializer()),
        }
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.0.fill(value.into_deserializer())
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.visit_bool(true)
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.visit_bool(true)
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.visit_bool(true)
    }
}
