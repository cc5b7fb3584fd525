package main

import (
	"strings"
)

// colours are those of options, by EspoCRM's styles.
var colours = map[string]string{"success": "green", "danger": "red", "warning": "amber", "primary": "blue", "info": "cyan", "default": "grey"}

// optionsOf are a field's options, also if it shares those of another. The empty one is
// left out, for a picklist may be empty.
func (t *translator) optionsOf(f field) []string {
	if entity, name, shared := strings.Cut(f.text("optionsReference"), "."); shared && t.defs[entity] != nil {
		return t.optionsOf(field{t.defs[entity].Fields.Values[name], entity, name})
	}
	var options []string
	for _, option := range f.texts("options") {
		if option != "" {
			options = append(options, option)
		}
	}
	return options
}

// options are the options as Formwork has them; what EspoCRM stores is an alias, so that
// its exports can be imported.
func (t *translator) options(f field) document {
	if entity, name, shared := strings.Cut(f.text("optionsReference"), "."); shared && t.defs[entity] != nil {
		return t.options(field{t.defs[entity].Fields.Values[name], entity, name})
	}
	place := []string{f.entity, "options", f.name}
	if parts := strings.Split(f.text("translation"), "."); len(parts) == 3 {
		place = parts
	}
	all := t.optionsOf(f)
	names, made := optionNames(all), document{}
	for i, option := range all {
		one := document{"order": 10 * (i + 1), "label": t.label(option, append(place[:3:3], option), []string{"Global", "options", f.name, option})}
		if option != names[option] {
			one["aliases"] = []any{option}
		}
		if colour := colours[f.of("style").text(option)]; colour != "" {
			one["color"] = colour
		}
		made[names[option]] = one
		t.translated("options")
	}
	return made
}

// sharedOptions makes a picklist of each field whose options others share.
func (t *translator) sharedOptions() {
	for _, entity := range t.entities {
		for _, name := range t.defs[entity].Fields.Names {
			of, field, shared := strings.Cut(t.defs[entity].Fields.Values[name].text("optionsReference"), ".")
			if shared && t.defs[of] != nil && t.defs[of].Fields.Values[field] != nil {
				t.shareOptions(of, field)
			}
		}
	}
}

func (t *translator) shareOptions(entity, name string) {
	list := t.listName(entity, name)
	f := field{t.defs[entity].Fields.Values[name], entity, name}
	if t.documents["picklist/"+list] != nil || len(t.optionsOf(f)) == 0 {
		return
	}
	t.add("picklist", list, document{"label": joined(t.entityLabel(entity), t.fieldLabel(entity, name), ": "), "options": t.options(f)})
}

func (t *translator) listName(entity, field string) string {
	return t.prefix + snake(entity) + "_" + snake(field)
}

// choice gives a field its options, its own or those of a picklist; nil if it has none.
func (t *translator) choice(kind string, f field) document {
	entity, name, shared := strings.Cut(f.text("optionsReference"), ".")
	if !shared {
		entity, name = f.entity, f.name
	}
	if list := t.listName(entity, name); t.documents["picklist/"+list] != nil {
		return document{"type": kind, "picklist": list}
	}
	if len(t.optionsOf(f)) == 0 {
		return nil
	}
	return document{"type": kind, "options": t.options(f)}
}

func (t *translator) enum(f field) document {
	if made := t.choice("picklist", f); made != nil {
		return made
	}
	t.leave("options", "they come from EspoCRM's code; the field is a text", f.entity, f.name)
	return document{"type": "text"}
}

func (t *translator) multiEnum(f field) document {
	if made := t.choice("multi_picklist", f); made != nil {
		return made
	}
	return document{"type": "tags"}
}
