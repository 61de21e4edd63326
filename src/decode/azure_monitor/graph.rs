//! Requests to Microsoft Graph and Azure AD Graph: the logs that say where a request was served.
//!
//! In: the record's fields. Out: an event whose service is the path of the request, to be looked
//! up, and whose place is the region that served it. It does not know what the query asked.

use std::borrow::Cow;
use std::mem::take;

use super::record::Record;
use super::{Origin, begin, graph_path, moment, plain_id, served_in, tenant};
use crate::code::Unreadable;
use crate::event::{Event, ServiceName};

pub(super) fn read<'a>(
    mut record: Record<'a>,
    origin: &Origin<'a>,
    tenant_in_path: bool,
) -> Result<Event<'a>, Unreadable> {
    let tenant = tenant(&mut record, origin)?;
    let own = take(&mut record.properties.generated);
    let time = moment(&mut record, Some((own, "properties.timeGenerated")))?;
    let uri = take(&mut record.properties.request_uri).required_type("properties.requestUri")?;
    let service = match uri {
        None => ServiceName::Unnamed,
        Some(Cow::Borrowed(uri)) => {
            ServiceName::GraphPath(graph_path::of(uri, &tenant, tenant_in_path))
        }
        Some(Cow::Owned(uri)) => {
            let path = graph_path::of(&uri, &tenant, tenant_in_path).into_owned();
            ServiceName::GraphPath(Cow::Owned(path))
        }
    };
    let mut event = begin(&mut record, service, tenant, time)?;
    let id = take(&mut record.properties.request_id);
    event.id = plain_id(&mut record, id, "properties.requestId")?;
    event.processing_location = served_in(&mut record)?;
    event.data_categories.push(Cow::Borrowed("usage"));
    Ok(event)
}
