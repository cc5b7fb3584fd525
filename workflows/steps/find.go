package steps

import (
	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/workflows"
)

// findType finds the first record that a condition holds for.
var findType = of[findSettings]("find", workflows.Computes, `{
	"title": "Find a record",
	"description": "Finds the first record for which a condition holds, or the one that an expression leads to; later steps read it as steps.<name>.record.",
	"required": ["object"],
	"anyOf": [{"required": ["filter"]}, {"required": ["record"]}],
	"properties": {
		"object": {"$ref": "#/$defs/name", "title": "Object"},
		"record": {"$ref": "#/$defs/expression", "title": "Record", "description": "Leads to the only record that is looked at, if it is one of the object.", "examples": ["about"]},
		"filter": {"$ref": "#/$defs/expression", "title": "Filter", "examples": ["email == record.email"]},
		"sort": {"$ref": "#/$defs/sort"},
		"next": {"$ref": "#/$defs/next"},
		"none": {"$ref": "#/$defs/next", "title": "None", "description": "The step that follows where there is none."}}}`)

type findSettings struct {
	workflows.Next
	Object string   `json:"object"`
	Record string   `json:"record"`
	Filter string   `json:"filter"`
	Sort   []string `json:"sort"`
	None   string   `json:"none"`
}

func (s *findSettings) Exits() []workflows.Exit {
	return append(s.Next.Exits(), workflows.Exit{At: "/none", To: s.None})
}

type finding struct {
	object     *catalog.Object
	record     *expression.Program // nil: any
	filter     *expression.Program // nil: each
	sort       []query.Order
	next, none string
}

func (s *findSettings) Compile(c *workflows.Compiling) workflows.Step {
	o := c.Find(s.Object, "/object")
	if o == nil {
		return nil
	}
	c.Offer(workflows.Reference("record", o))
	f := &finding{object: o, sort: c.Sort(o, s.Sort, "/sort"), next: s.To, none: s.None}
	if s.Record != "" {
		f.record = c.Record(o, s.Record, "/record")
	}
	if s.Filter != "" {
		f.filter = c.Filter(o, s.Filter, "/filter")
	}
	return f
}

func (s *finding) Do(x *workflows.Execution) (workflows.Outcome, error) {
	var among id.ID
	if s.record != nil {
		var err error
		if among, err = recordOf(x, s.object, s.record); among == 0 || err != nil {
			return workflows.Outcome{Next: s.none}, err
		}
	}
	found, err := x.Find(s.object, s.filter, s.sort, 1, among)
	if err != nil || len(found) == 0 {
		return workflows.Outcome{Next: s.none}, err
	}
	return workflows.Outcome{Next: s.next, Result: map[string]any{"record": int64(found[0])}}, nil
}
