//! Categories, attributes, services and Graph paths.

use crate::catalog::program::{
    Category, Coverage, GraphPath, Service, ServiceId, normalise_service,
};
use crate::catalog::source::{PathEntry, ServiceEntry};
use crate::category::{CategoryId, CategorySet};
use crate::yaml::Name;

use super::Compiler;

impl Compiler {
    pub(super) fn words(&mut self) {
        self.taxonomy();
        let attributes: Vec<(usize, (String, Vec<Name>))> =
            self.take(|file| std::mem::take(&mut file.attributes).into_iter().collect());
        for (unit, (category, names)) in attributes {
            for name in names {
                let category = Name { value: category.clone(), at: name.at.clone() };
                let Some(id) = self.category(unit, &category) else { break };
                let before = self.program.attribute(&name);
                if let Some(before) = before.filter(|before| *before != id) {
                    let before = self.program.category_id(before);
                    let message = format!("attribute `{}` is of `{before}` already", name.value);
                    self.fault(unit, &name.at, message);
                    continue;
                }
                // As written too, so that most look-ups need no lower-casing.
                self.program.attributes.insert(name.as_str().into(), id);
                self.program.attributes.insert(name.to_lowercase().into(), id);
            }
        }
        for (unit, service) in self.take(|file| std::mem::take(&mut file.services)) {
            self.service(unit, &service);
        }
        for (unit, (family, service)) in
            self.take(|file| std::mem::take(&mut file.fallback).into_iter().collect())
        {
            let id = self.service_by_id(unit, &service);
            match family.as_str() {
                "entra" => self.program.entra_fallback = id,
                "azure" => self.program.azure_fallback = id,
                _ => self.fault(unit, &service.at, format!("unknown family `{family}`")),
            }
        }
        for (unit, path) in self.take(|file| std::mem::take(&mut file.paths)) {
            self.path(unit, &path);
        }
        for paths in self.program.graph_paths.values_mut() {
            paths.sort_by_key(|path| {
                let any = path.segments.iter().filter(|segment| &***segment == "*").count();
                (std::cmp::Reverse(path.segments.len()), any)
            });
        }
    }

    fn taxonomy(&mut self) {
        for (unit, node) in self.take(|file| std::mem::take(&mut file.categories)) {
            let number = self.program.categories.len();
            if number >= CategorySet::CAPACITY {
                self.fault(unit, &node.id.at, "a taxonomy has at most 32 categories");
                return;
            }
            let id = CategoryId(number as u8);
            let parent = match &node.parent {
                Some(parent) => self.category(unit, parent).map(|parent| usize::from(parent.0)),
                None if number == 0 => None,
                None => {
                    self.fault(unit, &node.id.at, "only the first category has no parent");
                    None
                }
            };
            let (name, title) = (node.id.as_str().into(), node.title.as_str().into());
            self.program.categories.push(Category { id: name, title });
            self.parents.push(parent);
            let before = self.program.category_names.insert(node.id.as_str().into(), id);
            if before.is_some() {
                self.fault(unit, &node.id.at, format!("category `{}` stands twice", node.id.value));
            }
        }
        for (unit, (group, members)) in
            self.take(|file| std::mem::take(&mut file.groups).into_iter().collect())
        {
            for member in &members {
                self.category(unit, member);
            }
            let at = members.first().map_or(0..0, |member| member.at.clone());
            let names_category = self.program.category_names.contains_key(group.as_str());
            let message = format!("`{group}` names a category or a group already");
            let members = members.into_iter().map(|member| member.value).collect();
            if self.groups.insert(group, members).is_some() || names_category {
                self.fault(unit, &at, message);
            }
        }
    }

    fn service(&mut self, unit: usize, entry: &ServiceEntry) {
        let categories =
            entry.categories.iter().filter_map(|category| self.category(unit, category)).collect();
        let service = Service {
            id: entry.id.as_str().into(),
            title: entry.title.as_str().into(),
            categories,
            catalogued: entry.catalogued,
        };
        let known = self.program.services.iter().position(|known| *known.id == *entry.id.value);
        let id = match known {
            Some(number) => {
                let before = self.service_units.get(number).copied().unwrap_or_default();
                if !self.replaces(unit, before, "service", &entry.id, entry.overrides) {
                    return;
                }
                if let (Some(old), Some(of)) =
                    (self.program.services.get_mut(number), self.service_units.get_mut(number))
                {
                    (*old, *of) = (service, unit);
                }
                ServiceId(number as u16)
            }
            None => {
                if entry.overrides {
                    let known = self.service_ids();
                    self.nothing_to_replace(unit, "service", &entry.id, &known);
                }
                self.service_units.push(unit);
                self.program.services.push(service);
                ServiceId((self.program.services.len() - 1) as u16)
            }
        };
        let title = Name { value: entry.title.clone(), at: entry.id.at.clone() };
        for name in entry.aliases.iter().chain([&entry.id, &title]) {
            if let Some(before) = self.program.service(name).filter(|before| *before != id) {
                let before = self.program.service_id(Some(before)).to_owned();
                let message = format!("`{}` already names the service `{before}`", name.value);
                self.fault(unit, &name.at, message);
                continue;
            }
            // As written too, so that most look-ups need no normalising.
            self.program.service_names.insert(name.as_str().into(), id);
            self.program.service_names.insert(normalise_service(name).into(), id);
        }
        for provider in &entry.providers {
            let before = self.program.providers.insert(provider.to_lowercase().into(), id);
            if let Some(before) = before.filter(|before| *before != id) {
                let before = self.program.service_id(Some(before));
                let message = format!("provider `{}` is of `{before}` already", provider.value);
                self.fault(unit, &provider.at, message);
            }
        }
    }

    fn path(&mut self, unit: usize, entry: &PathEntry) {
        let segments: Box<[Box<str>]> = entry
            .path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| segment.to_lowercase().into())
            .collect();
        let Some(first) = segments.first().cloned() else {
            self.fault(unit, &entry.path.at, "a path has at least one segment");
            return;
        };
        let categories =
            entry.categories.iter().filter_map(|name| self.category(unit, name)).collect();
        if let Some(service) = self.service_by_id(unit, &entry.service) {
            let paths = self.program.graph_paths.entry(first).or_default();
            if paths.iter().any(|known| known.segments == segments) {
                let message = format!("path `{}` is there already", entry.path.value);
                self.fault(unit, &entry.path.at, message);
            } else {
                paths.push(GraphPath { segments, service, categories });
            }
        }
    }

    /// The category of that id; a fault where there is none.
    pub(super) fn category(&mut self, unit: usize, name: &Name) -> Option<CategoryId> {
        let found = self.program.category_names.get(name.as_str()).copied();
        if found.is_none() {
            let known: Vec<String> = self
                .program
                .category_names
                .keys()
                .map(ToString::to_string)
                .chain(self.groups.keys().cloned())
                .collect();
            self.unknown(unit, "category", name, &known);
        }
        found
    }

    fn service_by_id(&mut self, unit: usize, name: &Name) -> Option<ServiceId> {
        let found = self.program.services.iter().position(|known| *known.id == *name.value);
        if found.is_none() {
            let known = self.service_ids();
            self.unknown(unit, "service", name, &known);
        }
        found.map(|number| ServiceId(number as u16))
    }

    fn service_ids(&self) -> Vec<String> {
        self.program.services.iter().map(|service| service.id.to_string()).collect()
    }

    /// Services that the names cover: an id covers itself and all below it.
    pub(super) fn services(&mut self, unit: usize, names: &[Name]) -> Vec<ServiceId> {
        let mut all = Vec::new();
        for name in names {
            let before = all.len();
            for (number, service) in self.program.services.iter().enumerate() {
                let below = service.id.strip_prefix(name.as_str());
                if below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
                    all.push(ServiceId(number as u16));
                }
            }
            if all.len() == before {
                let known = self.service_ids();
                self.unknown(unit, "service", name, &known);
            }
        }
        all.sort();
        all.dedup();
        all
    }

    /// What the names cover: each node with all below it for certain, the nodes above it
    /// possibly. No names: everything.
    pub(super) fn coverage(&mut self, unit: usize, names: &[Name]) -> Coverage {
        let mut covered = CategorySet::EMPTY;
        let mut possible = CategorySet::EMPTY;
        let mut ids = Vec::new();
        for name in names {
            match self.groups.get(name.as_str()).cloned() {
                Some(members) => ids.extend(members.iter().filter_map(|member| {
                    self.program.category_names.get(member.as_str()).copied()
                })),
                None => ids.extend(self.category(unit, name)),
            }
        }
        if names.is_empty() {
            ids.push(CategoryId(0));
        }
        for number in 0..self.parents.len() {
            let mut above = Some(number);
            while let Some(at) = above {
                if ids.contains(&CategoryId(at as u8)) {
                    covered.insert(CategoryId(number as u8));
                    break;
                }
                above = self.parents.get(at).copied().flatten();
            }
        }
        for id in ids {
            let mut above = self.parents.get(usize::from(id.0)).copied().flatten();
            while let Some(at) = above {
                possible.insert(CategoryId(at as u8));
                above = self.parents.get(at).copied().flatten();
            }
        }
        Coverage { covered, possible: possible.without(covered) }
    }
}
