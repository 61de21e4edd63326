//! Countries, places, sites, regions, and what Intune makes of countries.

use std::collections::BTreeMap;

use crate::catalog::program::{Derivation, Place, normalise};
use crate::catalog::source::{ByCountry, Country, NamedPlace, Region};
use crate::place::{CountrySet, PlaceId};
use crate::yaml::{Name, Span};

use super::Compiler;

impl Compiler {
    pub(super) fn places(&mut self) {
        let countries = self.take(|file| std::mem::take(&mut file.countries).into_iter().collect());
        self.countries(&countries);
        for (unit, place) in self.take(|file| std::mem::take(&mut file.places)) {
            self.named_place(unit, &place);
        }
        // A country's alpha-3 yields to a place's own name (`NAM`).
        for (unit, (alpha2, country)) in &countries {
            if let Some(id) = self.place_by_name(alpha2) {
                self.name_place(*unit, &country.alpha3.at, &country.alpha3, id, true);
            }
        }
        let regions: Vec<(usize, (String, Region))> =
            self.take(|file| std::mem::take(&mut file.regions).into_iter().collect());
        for (unit, (name, region)) in &regions {
            self.region(*unit, name, region);
        }
        for (unit, (code, place)) in
            self.take(|file| std::mem::take(&mut file.short).into_iter().collect())
        {
            self.region_code(unit, &code, &place);
        }
        for (unit, (site, place)) in
            self.take(|file| std::mem::take(&mut file.sites).into_iter().collect())
        {
            if let Some(id) = self.resolve(unit, &place) {
                self.name_place(unit, &place.at, &site, id, false);
            }
        }
        self.intune();
        for (unit, name) in self.take(|file| std::mem::take(&mut file.tenant_geographies)) {
            if let Some(id) = self.resolve(unit, &name) {
                self.program.tenant_geographies.push(id);
            }
        }
        self.program.emea = self.builtin_set("emea");
        self.program.north_america = self.builtin_set("north-america");
    }

    fn countries(&mut self, countries: &[(usize, (String, Country))]) {
        for (unit, (alpha2, country)) in countries {
            let number = self.program.countries.len();
            let Ok(number) = u8::try_from(number) else {
                self.fault(*unit, &country.alpha3.at, "there is room for 256 countries");
                return;
            };
            self.program.countries.push(alpha2.as_str().into());
            let id = self.add_place(alpha2, &country.name, CountrySet::single(number));
            self.name_place(*unit, &country.alpha3.at, alpha2, id, false);
            self.name_place(*unit, &country.alpha3.at, &country.name, id, false);
            for name in &country.also {
                self.name_place(*unit, &name.at, name, id, false);
            }
        }
    }

    fn named_place(&mut self, unit: usize, place: &NamedPlace) {
        let mut set = CountrySet::EMPTY;
        if place.all {
            for country in 0..=u8::MAX {
                set.insert(country);
            }
        }
        for name in place.countries.iter().chain(&place.union) {
            if let Some(id) = self.resolve(unit, name) {
                set = set.union(self.set(id));
            }
        }
        if set.is_empty() {
            self.fault(unit, &place.id.at, format!("place `{}` holds no country", place.id.value));
        }
        let id = self.add_place(&place.id, place.title.as_deref().unwrap_or(&place.id), set);
        self.name_place(unit, &place.id.at, &place.id, id, false);
        self.name_place(unit, &place.id.at, &place.id.replace('-', ""), id, false);
        for name in &place.names {
            self.name_place(unit, &name.at, name, id, false);
        }
    }

    fn region(&mut self, unit: usize, name: &str, region: &Region) {
        // A region is its country: a verdict is about countries, and metrics stay few.
        let Some(id) = self.resolve(unit, &region.country) else { return };
        self.name_place(unit, &region.country.at, name, id, false);
        for name in &region.names {
            self.name_place(unit, &name.at, name, id, false);
        }
        for code in &region.short {
            let place = Name { value: region.country.value.clone(), at: code.at.clone() };
            self.region_code(unit, code, &place);
        }
    }

    fn region_code(&mut self, unit: usize, code: &str, place: &Name) {
        let Some(id) = self.resolve(unit, place) else { return };
        let before = self.program.region_codes.insert(normalise(code).into(), id);
        if before.is_some_and(|before| self.set(before) != self.set(id)) {
            self.fault(unit, &place.at, format!("region code `{code}` means two places"));
        }
    }

    fn intune(&mut self) {
        let geographies: Vec<(usize, (String, Name))> =
            self.take(|file| std::mem::take(&mut file.intune_geographies).into_iter().collect());
        let mut by_name: BTreeMap<String, CountrySet> = BTreeMap::new();
        for (unit, (name, place)) in geographies {
            let Some(id) = self.resolve(unit, &place) else { continue };
            by_name.insert(name.clone(), self.set(id));
            for spelling in [normalise(&name), normalise(&name).replace('-', "")] {
                let before = self.program.intune_geographies.insert(spelling.into(), id);
                if before.is_some_and(|before| self.set(before) != self.set(id)) {
                    let message = format!("Intune geography `{name}` means two places");
                    self.fault(unit, &place.at, message);
                }
            }
        }
        let known: Vec<String> = by_name.keys().cloned().collect();
        for (unit, ByCountry { within, candidates }) in
            self.take(|file| std::mem::take(&mut file.intune_by_country))
        {
            let mut sets = Vec::new();
            for candidate in &candidates {
                match by_name.get(&candidate.value) {
                    Some(set) => sets.push(*set),
                    None => self.unknown(unit, "Intune geography", candidate, &known),
                }
            }
            if let Some(id) = self.resolve(unit, &within) {
                let within = self.set(id);
                let candidates = sets.into_boxed_slice();
                self.program.intune_derivations.push(Derivation { within, candidates });
            }
        }
    }

    fn add_place(&mut self, id: &str, title: &str, countries: CountrySet) -> PlaceId {
        let number = PlaceId(self.program.places.len() as u16);
        self.program.places.push(Place { id: id.into(), title: title.into(), countries });
        number
    }

    /// Gives a place a name. The same name for another set of countries is a fault, unless it
    /// `yields`.
    fn name_place(&mut self, unit: usize, at: &Span, name: &str, id: PlaceId, yields: bool) {
        let key = normalise(name);
        match self.program.place_names.get(key.as_str()) {
            None => {
                self.program.place_names.insert(key.into(), id);
            }
            Some(before) if yields || self.set(*before) == self.set(id) => {}
            Some(before) => {
                let before = self.program.place_id(*before).to_owned();
                self.fault(unit, at, format!("`{name}` already names the place `{before}`"));
            }
        }
    }

    fn place_by_name(&self, name: &str) -> Option<PlaceId> {
        self.program.place_names.get(normalise(name).as_str()).copied()
    }

    /// The place of that name; a fault where there is none.
    pub(super) fn resolve(&mut self, unit: usize, name: &Name) -> Option<PlaceId> {
        let found = self.place_by_name(name);
        if found.is_none() {
            // As they are written, where that is known; else as they are compared.
            let places = &self.program.places;
            let written = places.iter().flat_map(|place| [&place.id, &place.title]);
            let known: Vec<String> =
                written.chain(self.program.place_names.keys()).map(ToString::to_string).collect();
            self.unknown(unit, "place", name, &known);
        }
        found
    }

    /// The countries of a place.
    pub(super) fn set(&self, id: PlaceId) -> CountrySet {
        self.program.known(id).countries().unwrap_or_default()
    }

    /// The countries of a place that the code itself speaks of; none where no layer has it.
    fn builtin_set(&self, name: &str) -> CountrySet {
        self.place_by_name(name).map(|id| self.set(id)).unwrap_or_default()
    }
}
