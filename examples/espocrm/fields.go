package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// field is a field on its way: what EspoCRM says, and where.
type field struct {
	settings
	entity, name string
}

// fieldTypes make a field's settings, by EspoCRM's types; nil: there is no such field in
// Formwork, and the report says why. What all have in common is added by common.
var fieldTypes = map[string]func(*translator, field) document{
	"varchar":            (*translator).textField,
	"barcode":            (*translator).textField,
	"colorpicker":        (*translator).textField,
	"text":               func(_ *translator, f field) document { return bounded(document{"type": "long_text"}, f) },
	"wysiwyg":            func(_ *translator, f field) document { return bounded(document{"type": "rich_text"}, f) },
	"int":                func(_ *translator, f field) document { return ranged(document{"type": "number"}, f) },
	"float":              func(_ *translator, f field) document { return ranged(document{"type": "number", "scale": 4}, f) },
	"decimal":            func(_ *translator, f field) document { return ranged(document{"type": "number", "scale": 4}, f) },
	"enumInt":            func(_ *translator, f field) document { return document{"type": "number"} },
	"enumFloat":          func(_ *translator, f field) document { return document{"type": "number", "scale": 4} },
	"currency":           func(_ *translator, f field) document { return ranged(document{"type": "currency"}, f) },
	"bool":               plain("checkbox"),
	"date":               plain("date"),
	"datetime":           plain("datetime"),
	"datetimeOptional":   plain("datetime"),
	"url":                plain("url"),
	"urlMultiple":        plain("tags"),
	"email":              plain("email"),
	"phone":              plain("phone"),
	"address":            plain("address"),
	"jsonArray":          plain("json"),
	"jsonObject":         plain("json"),
	"attachmentMultiple": func(_ *translator, f field) document { return document{"type": "file", "max": 50} },
	"file":               (*translator).fileField,
	"image":              func(_ *translator, f field) document { return document{"type": "image", "max": 1} },
	"autoincrement":      func(_ *translator, f field) document { return document{"type": "auto_number", "pattern": "{0}"} },
	"number":             (*translator).numberField,
	"enum":               (*translator).enum,
	"multiEnum":          (*translator).multiEnum,
	"array":              (*translator).multiEnum,
	"checklist":          (*translator).multiEnum,
	"personName":         (*translator).personName,
	"duration":           (*translator).duration,
	"foreign":            (*translator).foreign,
	"link":               (*translator).link,
	"linkParent":         (*translator).linkParent,
	"linkOne":            (*translator).linkOne,
	"linkMultiple":       (*translator).linkMultiple,
}

// computed are the types that are translated though nothing of them is stored.
var computed = []string{"duration", "foreign", "linkMultiple", "linkOne"}

// leftSettings are those that say something of the data and were left, with the reason.
// What is neither here nor read speaks of pages and of EspoCRM's classes.
var leftSettings = map[string]string{
	"validatorClassNameList": "checks that are code",
	"notActualOptions":       "used by filters that are code",
	"audited":                "the history holds all fields",
	"isPersonalData":         "there is no mark for personal data",
	"accept":                 "endings of file names; files are limited by media type",
	"isSorted":               "options have an order",
	"maxCount":               "related lists are not bounded",
}

// narrower are the types of which Formwork's hold less.
var narrower = map[string]string{
	"currency":         "the currency is that of the field, not of each amount",
	"email":            "one address a field",
	"phone":            "one number a field, without a kind",
	"datetimeOptional": "a datetime always has a time of day",
}

// field translates a field; nil if nothing becomes of it.
func (t *translator) field(entity, name string, s settings) document {
	kind := s.text("type")
	if kind == "" {
		t.leave("field without a type", "nothing says what it holds", entity, name)
		return nil
	}
	switch address, _ := t.addressOf(entity, name); {
	case builtIn[name] != "":
		t.translated("fields every record has")
		return nil
	case address != "":
		t.translated("parts of addresses")
		return nil
	case t.columns[entity][name] != "":
		t.translated("fields that are columns of a relation")
		return nil
	case s.yes("notStorable") && !slices.Contains(computed, kind):
		t.leave("field that is not stored", "computed or filled by EspoCRM's code, or of a list only", entity, name)
		return nil
	}
	become := fieldTypes[kind]
	if become == nil {
		reason := "there is no such type"
		if kind == "currencyConverted" {
			reason = "an amount in the base currency: there are no exchange rates"
		}
		t.leave("field of the type "+kind, reason, entity, name)
		return nil
	}
	made := become(t, field{s, entity, name})
	if made == nil {
		return nil
	}
	t.translated("fields")
	t.translated("type " + kind + " → " + made["type"].(string))
	if reason := narrower[kind]; reason != "" {
		t.leave("part of "+kind, reason, entity, name)
	}
	t.common(field{s, entity, name}, made)
	return made
}

// common adds what fields of all types may say.
func (t *translator) common(f field, made document) {
	made["label"] = t.fieldLabel(f.entity, f.name)
	if tooltip := f.settings["tooltip"]; tooltip != nil && tooltip != false {
		key, ok := tooltip.(string)
		if !ok {
			key = f.name
		}
		if help := t.help(f.entity, key); len(help) > 0 {
			made["help"] = help
			t.translated("tooltips")
		}
	}
	for name := range f.settings {
		if reason := leftSettings[name]; reason != "" {
			t.leave("setting "+name, reason, f.entity, f.name)
		}
	}
	switch made["type"] {
	case "formula", "auto_number":
		return
	}
	if f.yes("readOnly") {
		made["read_only"] = true
		t.translated("read-only fields")
	} else if f.yes("required") {
		made["required"] = true
		t.translated("required fields")
	}
	if f.yes("index") {
		made["indexed"] = true
	}
	t.defaultOf(f, made)
}

func (t *translator) help(entity, key string) document {
	words := document{}
	for _, l := range t.languages {
		if text := l.said(entity, "tooltips", key); text != "" {
			words[l.ours] = text
		}
	}
	return words
}

// scripts are the defaults that are JavaScript, by what they call.
var scripts = map[string]string{"getToday()": "today()", "getNow(": "now()"}

func (t *translator) defaultOf(f field, made document) {
	value, given := f.settings["default"]
	if !given || value == nil || value == "" {
		return
	}
	text, isText := value.(string)
	if script, ok := strings.CutPrefix(text, "javascript:"); ok {
		for call, expression := range scripts {
			if strings.Contains(script, call) {
				made["default_expr"] = expression
				t.translated("defaults")
				return
			}
		}
		t.leave("default", "it is a script", f.entity, f.name)
		return
	}
	if isText && made["type"] == "picklist" {
		name := optionNames(t.optionsOf(f))[text]
		if name == "" {
			t.leave("default", "it is none of the options", f.entity, f.name)
			return
		}
		value = name
	}
	made["default"] = value
	t.translated("defaults")
}

func plain(kind string) func(*translator, field) document {
	return func(*translator, field) document { return document{"type": kind} }
}

func bounded(made document, f field) document {
	if length, ok := f.settings["maxLength"].(float64); ok {
		made["max_length"] = min(int(length), 100_000)
	}
	return made
}

func ranged(made document, f field) document {
	for theirs, ours := range map[string]string{"min": "min", "max": "max", "minValue": "min", "maxValue": "max"} {
		if bound, ok := f.settings[theirs].(float64); ok {
			made[ours] = bound
		}
	}
	return made
}

func (t *translator) textField(f field) document {
	made := document{"type": "text"}
	if length, ok := f.settings["maxLength"].(float64); ok {
		made["max_length"] = min(int(length), 10_000)
	}
	pattern := f.text("pattern")
	if name, named := strings.CutPrefix(pattern, "$"); named {
		if pattern = t.patterns[name].text("pattern"); pattern == "" {
			t.leave("pattern", "it is not named in regExpPatterns", f.entity, f.name)
		}
	}
	if pattern != "" {
		if whole := "^(?:" + pattern + ")$"; compiles(whole) {
			made["pattern"] = whole
			t.translated("patterns")
		} else {
			t.leave("pattern", "it is not in RE2", f.entity, f.name)
		}
	}
	return made
}

func compiles(pattern string) bool { _, err := regexp.Compile(pattern); return err == nil }

func (t *translator) fileField(f field) document { return document{"type": "file", "max": 1} }

func (t *translator) numberField(f field) document {
	length, _ := f.settings["padLength"].(float64)
	return document{"type": "auto_number", "pattern": f.text("prefix") + "{" + strings.Repeat("0", max(1, int(length))) + "}"}
}

// personName is a formula over the parts of the name, which are fields beside it.
func (t *translator) personName(f field) document {
	upper := strings.ToUpper(f.name[:1]) + f.name[1:]
	first, last := "first"+upper, "last"+upper
	for _, part := range []string{first, last} {
		if t.defs[f.entity].Fields.Values[part] == nil {
			t.leave("field of the type personName", "its parts are missing", f.entity, f.name)
			return nil
		}
	}
	return document{"type": "formula", "result": "text", "expression": fmt.Sprintf(`trim(%s + " " + %s)`, fieldName(first), fieldName(last))}
}

func (t *translator) duration(f field) document {
	start, end := f.text("start"), f.text("end")
	if t.defs[f.entity].Fields.Values[start] == nil || t.defs[f.entity].Fields.Values[end] == nil {
		t.leave("field of the type duration", "it names no start and end", f.entity, f.name)
		return nil
	}
	return document{"type": "formula", "result": "duration", "expression": fieldName(end) + " - " + fieldName(start)}
}

// foreignResults are the types of a formula that reads a field of another record.
var foreignResults = map[string]string{"varchar": "text", "personName": "text", "enum": "text", "int": "number", "bool": "checkbox", "date": "date", "datetime": "datetime", "email": "email", "currency": "currency"}

func (t *translator) foreign(f field) document {
	link := t.defs[f.entity].Links.Values[f.text("link")]
	target := t.defs[link.text("entity")]
	if target == nil || t.name(link.text("entity")) == "" {
		t.leave("field of the type foreign", "it leads to an entity outside of the module", f.entity, f.name)
		return nil
	}
	kind := target.Fields.Values[f.text("field")].text("type")
	result := foreignResults[kind]
	if result == "" {
		t.leave("field of the type foreign", "formulas have no result of the type "+kind, f.entity, f.name)
		return nil
	}
	path := fieldName(f.text("link")) + "." + fieldName(f.text("field"))
	if kind == "enum" {
		path = "label(" + path + ")"
	}
	return document{"type": "formula", "result": result, "expression": path}
}
