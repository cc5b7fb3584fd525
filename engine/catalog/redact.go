package catalog

import (
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Redact is what a reader who may not see the setup is shown of a document; ok is false
// for nothing.
func (c *Catalog) Redact(d metadata.Document, by metadata.Reader) (redacted metadata.Document, ok bool) {
	rule, ok := c.shown[d.Kind]
	if !ok {
		return metadata.Document{}, false
	}
	return metadata.Redact(d, rule, by)
}

// shown are the rules by which documents are shown, by kind.
func (k *Kinds) shown(types *fieldtype.Registry) map[string]metadata.Shown {
	rules := map[string]metadata.Shown{}
	for _, kind := range k.order {
		if shows, ok := kind.(Shows); ok {
			rules[kind.Name()] = shows.Shown(types)
		}
	}
	return rules
}

// commonSettings are what is shown of fields of all types: what they are and what they
// begin with, and not the expressions of others.
var commonSettings = metadata.AllOf("type", "label", "order", "help", "default", "unique", "case_sensitive", "indexed", "read_only", "mask").
	And(metadata.Members{"required": metadata.Flag})

// shownField is what is shown of the definition of a field that may be read: the common
// settings and those that its type lists; where the type derives its value, those of the
// result's type as well.
func shownField(types *fieldtype.Registry) metadata.Shown {
	rules := map[string]metadata.Shown{}
	field := metadata.Choose("type", rules, commonSettings) // the rules are those below
	for _, name := range types.Names() {
		t, _ := types.Type(name)
		own := commonSettings.And(shownSettings(t, field))
		rules[name] = own
		if !is[fieldtype.Derives](t) {
			continue
		}
		results := map[string]metadata.Shown{}
		for _, result := range types.Names() {
			if of, _ := types.Type(result); is[fieldtype.Results](of) {
				results[result] = own.And(shownSettings(of, field))
			}
		}
		rules[name] = metadata.Choose("result", results, own)
	}
	return field
}

func shownSettings(t fieldtype.Type, field metadata.Shown) metadata.Members {
	if shows, ok := t.(fieldtype.Shows); ok {
		return shows.ShownSettings(field)
	}
	return nil
}
