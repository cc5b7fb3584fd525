package transfer

import (
	"context"
	"strings"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record"
)

// rememberedMatches bounds what is remembered of the lookups of one field.
const rememberedMatches = 20_000

// resolve turns the texts of matched lookups into ids, under the caller's rights.
func (r *running) resolve(ctx context.Context, lines []*line) error {
	for i := range r.mapping.targets {
		t := &r.mapping.targets[i]
		if t.source.Match == "" {
			continue
		}
		name := t.field.Name
		known := r.matches[name]
		if known == nil || len(known) > rememberedMatches {
			known = map[string][]string{}
			r.matches[name] = known
		}
		var unknown []string
		for _, l := range lines {
			text, ok := l.data[name].(string)
			if _, asked := known[text]; ok && !asked {
				known[text] = nil
				unknown = append(unknown, text)
			}
		}
		if err := match(ctx, r.session, t, unknown, known); err != nil {
			return err
		}
		for _, l := range lines {
			text, ok := l.data[name].(string)
			if !ok {
				continue
			}
			switch ids := known[text]; len(ids) {
			case 0:
				l.faults = append(l.faults, fault.New(fault.Invalid, "import.match_not_found", "object", t.field.Target.Doc.Name, "field", t.source.Match, "value", text).At("/"+name))
			case 1:
				l.data[name] = ids[0]
			default:
				l.faults = append(l.faults, fault.New(fault.Invalid, "import.match_ambiguous", "object", t.field.Target.Doc.Name, "field", t.source.Match, "value", text).At("/"+name))
			}
		}
	}
	return nil
}

// match finds the records that texts mean: by a unique field as its key compares, by
// any other where the values are equal.
func match(ctx context.Context, session *record.Session, t *target, texts []string, known map[string][]string) error {
	object := t.field.Target
	of, _ := object.Field(t.source.Match)
	var meant []string // the texts that can be values of the field
	var values []any
	for _, text := range texts {
		if stored, problem := of.Value.Coerce(text); problem == nil && stored != nil {
			meant, values = append(meant, text), append(values, stored)
		}
	}
	if uniqueKey(object, []string{of.Name}) != "" {
		found, err := session.ByKey(ctx, object.Doc.Name, of.Name, values)
		if err != nil {
			return err
		}
		for i, text := range meant {
			if found[i] != 0 {
				known[text] = []string{found[i].String()}
			}
		}
		return nil
	}
	written := map[string][]string{} // shown -> as rows write it
	var literals []string
	for i, text := range meant {
		shown := of.Value.CSV(values[i])
		if written[shown] == nil {
			literals = append(literals, string(of.Value.AppendJSON(nil, values[i])))
		}
		written[shown] = append(written[shown], text)
	}
	for _, filter := range joined(literals, of.Name+" in [", ", ", "]") {
		q := record.ListQuery{Filter: filter, Fields: []string{idField, of.Name}}
		for found, err := range session.Each(ctx, object.Doc.Name, q) {
			if err != nil {
				return err
			}
			for _, text := range written[found.CSV(1)] {
				known[text] = append(known[text], found.ID().String())
			}
		}
	}
	return nil
}

// find looks up the records that the keys of rows name, under the caller's rights.
func (r *running) find(ctx context.Context, lines []*line) (map[string][]id.ID, error) {
	found := map[string][]id.ID{}
	if len(r.im.Options.Key) == 0 || !r.mapping.searched() {
		return found, nil
	}
	// Keys are compared in the form in which records show them.
	rowOf := map[string]string{} // shown -> as the row says it
	var conditions []string
	for _, l := range lines {
		if len(l.faults) > 0 {
			continue
		}
		var shown, parts []string
		for _, name := range r.im.Options.Key {
			field, _ := r.mapping.object.Field(name)
			stored, problem := field.Value.Coerce(l.data[name])
			if problem != nil {
				l.faults = append(l.faults, problem.At("/"+name))
				break
			}
			if stored == nil {
				l.faults = append(l.faults, fault.New(fault.Invalid, "import.key_empty", "field", name).At("/"+name))
				break
			}
			shown = append(shown, field.Value.CSV(stored))
			parts = append(parts, name+" == "+string(field.Value.AppendJSON(nil, stored)))
		}
		if len(l.faults) == 0 {
			rowOf[strings.Join(shown, "\x00")] = l.key
			conditions = append(conditions, "("+strings.Join(parts, " and ")+")")
		}
	}
	fields := append([]string{idField}, r.im.Options.Key...)
	for _, filter := range joined(conditions, "", " or ", "") {
		for rec, err := range r.session.Each(ctx, r.im.Object, record.ListQuery{Filter: filter, Fields: fields}) {
			if err != nil {
				return nil, err
			}
			var shown []string
			for i := range r.im.Options.Key {
				shown = append(shown, rec.CSV(i+1))
			}
			if key, ok := rowOf[strings.Join(shown, "\x00")]; ok {
				found[key] = append(found[key], rec.ID())
			}
		}
	}
	return found, nil
}

// joined joins parts into as few expressions as their limits allow.
func joined(parts []string, before, between, after string) []string {
	const most, longest = 50, expression.MaxLength / 2
	var out []string
	for len(parts) > 0 {
		n, length := 0, 0
		for n < len(parts) && n < most && (n == 0 || length+len(parts[n]) < longest) {
			length += len(parts[n]) + len(between)
			n++
		}
		out = append(out, before+strings.Join(parts[:n], between)+after)
		parts = parts[n:]
	}
	return out
}
