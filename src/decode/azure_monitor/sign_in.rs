//! Sign-ins: of persons, of applications, and to a company's own federation server.
//!
//! In: the record's fields. Out: an event without a place: `location` is where the user was.
//! It does not know who signed in, only that somebody did.

use std::borrow::Cow;
use std::mem::take;

use super::record::{MaybeText, Record};
use super::{Origin, begin, expect, moment, note_collaboration, plain_id, tenant};
use crate::code::Unreadable;
use crate::event::{Event, ServiceName};

/// Who signs in, by the record's category.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum By {
    Person,
    Application,
    PersonOnPremises,
}

pub(super) fn read<'a>(
    mut record: Record<'a>,
    origin: &Origin<'a>,
    by: By,
) -> Result<Event<'a>, Unreadable> {
    let service = if by == By::PersonOnPremises { "ad-fs" } else { "entra.sign-in" };
    let tenant = tenant(&mut record, origin)?;
    let created = take(&mut record.properties.created);
    let time = moment(&mut record, Some((created, "properties.createdDateTime")))?;
    let service = ServiceName::Named(Cow::Borrowed(service));
    let mut event = begin(&mut record, service, tenant, time)?;
    event.access_location = take(&mut record.location).or_value("location")?;
    let id = take(&mut record.properties.id);
    event.id = plain_id(&mut record, id, "properties.id")?;
    note_collaboration(&mut event, &mut record)?;

    let properties = &record.properties;
    let mut add = |category| event.data_categories.push(Cow::Borrowed(category));
    add("usage");
    if by == By::Application {
        add("service_configuration.application");
        return Ok(event);
    }
    let named = properties.user_principal_name.is_there("properties.userPrincipalName")?;
    if properties.user_id.is_there("properties.userId")? || named {
        add("user_account.other");
    }
    let MaybeText(device) = &properties.device;
    expect(device.shape, "properties.deviceDetail")?;
    if device.id.is_there("properties.deviceDetail.deviceId")?
        || device.name.is_there("properties.deviceDetail.displayName")?
    {
        add("device_account");
    }
    if properties.app_id.is_there("properties.appId")?
        || properties.app_name.is_there("properties.appDisplayName")?
    {
        add("service_configuration.application");
    }
    let MaybeText(policies) = &properties.policies;
    expect(policies.shape, "properties.appliedConditionalAccessPolicies")?;
    if policies.gathered.0 > 0 {
        add("service_configuration.policy");
    }
    let (MaybeText(mfa), MaybeText(steps)) = (&properties.mfa, &properties.steps);
    expect(mfa.shape, "properties.mfaDetail")?;
    expect(steps.shape, "properties.authenticationDetails")?;
    if mfa.detail.is_there("properties.mfaDetail.authDetail")? || steps.gathered.0 {
        add("user_account.phone_number");
    }
    Ok(event)
}
