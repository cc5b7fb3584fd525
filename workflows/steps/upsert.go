package steps

import (
	"fmt"
	"maps"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
)

// upsertType changes the record that matches, or makes it.
var upsertType = of[upsertSettings]("upsert", workflows.Writes, `{
	"title": "Change or create a record",
	"description": "Changes the record in which all of some fields are equal to what they are to be; where there is none, makes it. Later steps read it as steps.<name>.record, and whether it is new as steps.<name>.created.",
	"required": ["object", "match"],
	"properties": {
		"object": {"$ref": "#/$defs/name", "title": "Object"},
		"match": {"$ref": "#/$defs/values", "title": "Match", "description": "Fields by which the record is found, each with an expression of what it is; of a new record they are given that. None may be empty, and several records that match fail the step.", "examples": [{"email": "email"}]},
		"values": {"$ref": "#/$defs/values"},
		"next": {"$ref": "#/$defs/next"}}}`)

type upsertSettings struct {
	workflows.Next
	Object string            `json:"object"`
	Match  map[string]string `json:"match"`
	Values map[string]string `json:"values"`
}

type upserting struct {
	object        *catalog.Object
	match, values []workflows.Value
	next          string
}

func (s *upsertSettings) Compile(c *workflows.Compiling) workflows.Step {
	o := c.Written(s.Object, "/object")
	if o == nil {
		return nil
	}
	u := &upserting{object: o, match: c.Values(o, s.Match, "/match"), values: c.Values(o, s.Values, "/values"), next: s.To}
	for _, v := range u.match {
		at := "/match/" + metadata.EscapePointer(v.Field.Name)
		if storage := v.Field.Column.Storage; storage != fieldtype.Text && storage != fieldtype.Int && storage != fieldtype.Bool {
			c.Report(fault.New(fault.Invalid, "workflow.not_matched", "field", v.Field.Name), at)
		} else if _, twice := s.Values[v.Field.Name]; twice {
			c.Report(fault.New(fault.Invalid, "workflow.match_changed", "field", v.Field.Name), at)
		}
	}
	c.Offer(workflows.Reference("record", o), workflows.Offered("created", fieldtype.Loose(fieldtype.BoolKind, 0)))
	return u
}

// Writes implements workflows.Writing.
func (s *upserting) Writes() []workflows.Write {
	return []workflows.Write{{Object: s.object, Action: record.Created, Values: slices.Concat(s.match, s.values)}, {Object: s.object, Action: record.Updated, Values: s.values}}
}

func (s *upserting) Do(x *workflows.Execution) (workflows.Outcome, error) {
	match, err := s.matching(x)
	if err != nil {
		return workflows.Outcome{}, err
	}
	values, err := x.Values(s.values)
	if err != nil {
		return workflows.Outcome{}, err
	}
	if err := x.Acts.Alone(s.object); err != nil { // so that two runs do not make it twice
		return workflows.Outcome{}, err
	}
	var all query.All
	for _, v := range s.match {
		all = append(all, query.Is(v.Field.Column, match[v.Field.Name]))
	}
	found, err := x.FindBy(s.object, all, nil, 2)
	switch {
	case err != nil:
		return workflows.Outcome{}, err
	case len(found) > 1:
		return workflows.Outcome{}, fault.New(fault.Conflict, "workflow.several_match", "object", s.object.Doc.Name)
	case len(found) == 0:
		maps.Copy(values, match)
		key, err := x.Acts.Create(s.object, values)
		if err != nil {
			return workflows.Outcome{}, err
		}
		return workflows.Outcome{Next: s.next, Result: map[string]any{"record": int64(key), "created": true}}, nil
	case len(values) > 0:
		if err := x.Acts.Update(s.object, found[0], values); err != nil {
			return workflows.Outcome{}, err
		}
	}
	return workflows.Outcome{Next: s.next, Result: map[string]any{"record": int64(found[0]), "created": false}}, nil
}

// matching is what the fields of the record are that is looked for, as they would be stored.
func (s *upserting) matching(x *workflows.Execution) (map[string]any, error) {
	match, err := x.Values(s.match)
	if err != nil {
		return nil, err
	}
	for _, v := range s.match {
		f := v.Field
		if match[f.Name] != nil {
			stored, problem, err := workflows.Checked(f, match[f.Name])
			if err != nil {
				return nil, fmt.Errorf("reading what %s is to be: %w", f.Name, err)
			}
			if problem != nil {
				return nil, problem
			}
			match[f.Name] = stored
		}
		if match[f.Name] == nil {
			return nil, fault.New(fault.Conflict, "workflow.match_empty", "field", f.Name)
		}
	}
	return match, nil
}
