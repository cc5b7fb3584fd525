package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// logicOf lays what EspoCRM's dynamic logic and settings of fields say on an object: when
// fields are seen and required, and rules.
func (t *translator) logicOf(entity string, fields, object document) {
	rules := document{}
	for _, name := range t.defs[entity].Fields.Names {
		if t.fields[entity][name] != nil {
			t.rulesOf(field{t.defs[entity].Fields.Values[name], entity, name}, rules)
		}
	}
	logic := t.logic[entity]
	for _, name := range sortedKeys(logic.of("fields")) {
		t.conditionsOf(entity, name, logic.of("fields").of(name), rules)
	}
	for _, name := range sortedKeys(logic.of("panels")) {
		t.leave("dynamic logic of a panel", "panels of EspoCRM's code are not translated", entity, name)
	}
	for _, name := range sortedKeys(logic.of("options")) {
		t.leave("dynamic logic of options", "options depend on one other field, not on a condition", entity, name)
	}
	if len(rules) > 0 {
		object["rules"] = rules
	}
}

// orders are the settings that compare a date with another, and how EspoCRM's message is
// called.
var orders = []struct{ setting, operator, message string }{
	{"after", ">", "fieldShouldAfter"}, {"afterOrEqual", ">=", "fieldShouldAfter"}, {"before", "<", "fieldShouldBefore"}, {"beforeOrEqual", "<=", "fieldShouldBefore"},
}

// rulesOf adds the rules that the settings of a field mean.
func (t *translator) rulesOf(f field, rules document) {
	name := fieldName(f.name)
	for _, order := range orders {
		other := f.text(order.setting)
		if other == "" || t.fields[f.entity][other] == nil {
			continue
		}
		rules[name+"_"+snake(order.setting)+"_"+snake(other)] = document{"field": name, "when": fmt.Sprintf("%s != nil and %s != nil", name, fieldName(other)),
			"must": fmt.Sprintf("%s %s %s", name, order.operator, fieldName(other)), "message": t.ordered(f, other, order.message)}
		t.translated("rules: one date after another")
	}
	if f.yes("readOnlyAfterCreate") {
		rules[name+"_stays"] = document{"field": name, "must": "not changed(" + name + ")", "on": []any{"update"}, "message": t.stays(f)}
		t.translated("rules: fields that stay as they were")
	}
	if kind := f.text("type"); kind == "enumInt" || kind == "enumFloat" {
		raw, err := json.Marshal(f.settings["options"])
		if list, ok := f.settings["options"].([]any); err == nil && ok && len(list) > 0 {
			rules[name+"_is_listed"] = document{"field": name, "must": name + " == nil or " + name + " in " + string(raw),
				"message": document{"en": "Choose one of " + string(raw) + ".", "zh": "请选择其中之一：" + string(raw)}}
			t.translated("rules: numbers of a list")
		}
	}
}

// ordered is EspoCRM's message that one field comes after another, or ours where a
// language has none.
func (t *translator) ordered(f field, other, message string) document {
	words, of, than := document{}, t.fieldLabel(f.entity, f.name), t.fieldLabel(f.entity, other)
	for _, l := range t.languages {
		text := l.said("Global", "messages", message)
		if a, b := of[l.ours], than[l.ours]; text != "" && a != nil && b != nil {
			words[l.ours] = strings.NewReplacer("{field}", a.(string), "{otherField}", b.(string)).Replace(text)
		}
	}
	if words["en"] == nil {
		words["en"] = fmt.Sprintf("%s and %s are in the wrong order.", of["en"], than["en"])
	}
	return words
}

func (t *translator) stays(f field) document {
	label := t.fieldLabel(f.entity, f.name)
	words := document{"en": fmt.Sprintf("%s can't be changed any more.", label["en"])}
	if zh := label["zh"]; zh != nil {
		words["zh"] = fmt.Sprintf("%s不能再修改。", zh)
	}
	return words
}

// conditionsOf translates the dynamic logic of a field.
func (t *translator) conditionsOf(entity, name string, logic settings, rules document) {
	made := t.fields[entity][name]
	for _, state := range sortedKeys(logic) {
		construct := "dynamic logic: " + state
		group, _ := logic.of(state)["conditionGroup"].([]any)
		if len(group) == 0 {
			continue
		}
		isList := t.defs[entity].Links.Values[name].text("type") == "hasMany"
		if made == nil && (!isList || state != "visible") {
			t.leave(construct, "its field was not translated", entity, name)
			continue
		}
		c := conditions{translator: t, entity: entity}
		if state == "readOnly" {
			c.before = "old." // as the record was, so that the change that leads there is possible
		}
		expression, ok := c.all(group)
		if !ok {
			t.leave(construct, c.reason, entity, name)
			continue
		}
		switch field := fieldName(name); {
		case made == nil:
			if t.seen[entity] == nil {
				t.seen[entity] = map[string]string{}
			}
			t.seen[entity][name] = expression
		case state == "visible":
			made["visible_when"] = expression
		case state == "required" && t.defs[entity].Fields.Values[name].text("type") == "personName":
			t.fields[entity]["lastName"]["required"] = expression
		case state == "required" && made["type"] != "formula":
			made["required"] = expression
		case state == "readOnly" && made["type"] != "formula":
			rules[field+"_is_fixed"] = document{"field": field, "when": expression, "must": "not changed(" + field + ")", "on": []any{"update"}, "message": t.stays(t.fieldOf(entity, name))}
		default:
			t.leave(construct, "the field is computed", entity, name)
			continue
		}
		t.translated(construct)
	}
}

func (t *translator) fieldOf(entity, name string) field {
	return field{t.defs[entity].Fields.Values[name], entity, name}
}

// conditions translates conditions on the records of an entity to an expression.
type conditions struct {
	*translator
	entity string
	before string // of every path: "" or "old."
	reason string // why one could not be translated
}

// comparisons are the conditions that compare a path %[1]s with a value %[2]s.
var comparisons = map[string]string{
	"equals": "%[1]s == %[2]s", "notEquals": "%[1]s != %[2]s", "in": "%[1]s in %[2]s", "notIn": "%[1]s not in %[2]s",
	"greaterThan": "%[1]s > %[2]s", "lessThan": "%[1]s < %[2]s", "greaterThanOrEquals": "%[1]s >= %[2]s", "lessThanOrEquals": "%[1]s <= %[2]s",
	"startsWith": "%[1]s startsWith %[2]s", "endsWith": "%[1]s endsWith %[2]s", "contains": "%[1]s contains %[2]s", "notContains": "not (%[1]s contains %[2]s)",
	"has": "%[2]s in %[1]s", "notHas": "%[2]s not in %[1]s", "matches": "%[1]s matches %[2]s",
}

// states are the conditions on a path alone.
var states = map[string]string{
	"isEmpty": "isEmpty(%[1]s)", "isNotEmpty": "not isEmpty(%[1]s)", "isTrue": "%[1]s == true", "isFalse": "not (%[1]s == true)",
	"isToday": "date(%[1]s) == today()", "inFuture": "date(%[1]s) > today()", "inPast": "date(%[1]s) < today()",
}

func (c *conditions) all(group []any) (string, bool) { return c.joined(group, " and ") }

func (c *conditions) joined(group []any, between string) (string, bool) {
	var parts []string
	for _, one := range group {
		item, _ := one.(map[string]any)
		part, ok := c.one(item)
		if !ok {
			return "", false
		}
		parts = append(parts, part)
	}
	if len(parts) == 1 {
		return parts[0], true
	}
	return "(" + strings.Join(parts, between) + ")", true
}

func (c *conditions) one(item settings) (string, bool) {
	kind := item.text("type")
	inner, isList := item["value"].([]any)
	switch {
	case kind == "and" && isList:
		return c.joined(inner, " and ")
	case kind == "or" && isList:
		return c.joined(inner, " or ")
	case kind == "not":
		part, ok := c.one(item.of("value"))
		return "not (" + part + ")", ok
	}
	attribute := item.text("attribute")
	made, path := c.attribute(c.entity, attribute)
	if made == nil {
		c.reason = "it reads a field that was not translated"
		return "", false
	}
	path = c.before + path
	if form := states[kind]; form != "" {
		if made["type"] == "date" {
			form = strings.ReplaceAll(form, "date(%[1]s)", "%[1]s")
		}
		return fmt.Sprintf(form, path), true
	}
	form := comparisons[kind]
	if form == "" {
		c.reason = "there is no condition " + kind
		return "", false
	}
	value, ok := c.value(made, attribute, item["value"])
	if !ok {
		c.reason = "it compares with what is none of the options"
		return "", false
	}
	return fmt.Sprintf(form, path, value), true
}

// value is a value as an expression has it; that of an option is the option's name.
func (c *conditions) value(made document, attribute string, value any) (string, bool) {
	if list, ok := value.([]any); ok {
		var parts []string
		for _, one := range list {
			part, ok := c.value(made, attribute, one)
			if !ok {
				return "", false
			}
			parts = append(parts, part)
		}
		return "[" + strings.Join(parts, ", ") + "]", true
	}
	text, isText := value.(string)
	if isText && (made["type"] == "picklist" || made["type"] == "multi_picklist") {
		if text == "" {
			return "nil", true
		}
		name := optionNames(c.optionsOf(c.fieldOf(c.entity, attribute)))[text]
		value = name
		if name == "" {
			return "", false
		}
	}
	if value == nil {
		return "nil", true
	}
	raw, err := json.Marshal(value)
	return string(raw), err == nil
}
