//! Entra's audit logs: changes to the directory and to what is around it.
//!
//! In: the record's fields. Out: an event with the logging service, the kinds of objects that
//! were changed and the names of their changed properties. It does not know the new values.

use std::borrow::Cow;
use std::mem::take;

use super::record::Record;
use super::{Origin, begin, expect, moment, plain_id, tenant};
use crate::code::{Code, Unreadable};
use crate::event::{Event, ServiceName};

pub(super) fn read<'a>(
    mut record: Record<'a>,
    origin: &Origin<'a>,
) -> Result<Event<'a>, Unreadable> {
    let tenant = tenant(&mut record, origin)?;
    let own = take(&mut record.properties.activity_time);
    let time = moment(&mut record, Some((own, "properties.activityDateTime")))?;
    let service = service(&mut record)?;
    let mut event = begin(&mut record, service, tenant, time)?;
    let id = take(&mut record.properties.id);
    event.id = plain_id(&mut record, id, "properties.id")?;
    let path = "properties.targetResources";
    let targets = take(&mut record.properties.targets).required_type(path)?;
    if targets.wrong {
        return Err(Unreadable::at(Code::WrongType, path));
    }
    event.data_categories = targets.kinds.categories();
    event.hints = targets.names;
    Ok(event)
}

/// The logger decides, with one exception: what the core directory logs about applications is
/// the work of application management, unless device registration did it.
fn service<'a>(record: &mut Record<'a>) -> Result<ServiceName<'a>, Unreadable> {
    let properties = &mut record.properties;
    let logger = take(&mut properties.logged_by).required_type("properties.loggedByService")?;
    let Some(logger) = logger else {
        // Entra's all the same, by a service without a name.
        return Ok(ServiceName::Logged(Cow::Borrowed("")));
    };
    if logger.eq_ignore_ascii_case("Core Directory") {
        expect(properties.initiated_by.shape, "properties.initiatedBy")?;
        let about = properties.audit_category.text();
        let actor = properties.initiated_by.app.name.text();
        if about.is_some_and(|about| about.eq_ignore_ascii_case("ApplicationManagement"))
            && actor != Some("Device Registration Service")
        {
            let managed = "entra.enterprise-application-management";
            return Ok(ServiceName::Named(Cow::Borrowed(managed)));
        }
    }
    Ok(ServiceName::Logged(logger))
}
