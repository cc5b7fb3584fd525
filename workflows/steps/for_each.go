package steps

import (
	"cmp"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/workflows"
)

// maxEach is how many records a loop goes through.
const maxEach = 500

// forEachType does steps once for each of some records.
var forEachType = of[forEachSettings]("for_each", workflows.Computes, `{
	"title": "For each record",
	"description": "Does steps once for each record for which a condition holds, at most 500; they read it as steps.<name>.record. One for which it does not hold any more when it is its turn is left out.",
	"required": ["object", "filter", "do"],
	"properties": {
		"object": {"$ref": "#/$defs/name", "title": "Object"},
		"filter": {"$ref": "#/$defs/expression", "title": "Filter", "examples": ["account == record.id and not done"]},
		"sort": {"$ref": "#/$defs/sort"},
		"limit": {"type": "integer", "minimum": 1, "maximum": 500, "title": "Limit"},
		"do": {"$ref": "#/$defs/next", "title": "Do", "description": "The first of the steps that are done for each."},
		"next": {"$ref": "#/$defs/next"}}}`)

type forEachSettings struct {
	workflows.Next
	Object string   `json:"object"`
	Filter string   `json:"filter"`
	Sort   []string `json:"sort"`
	Limit  int      `json:"limit"`
	First  string   `json:"do"`
}

func (s *forEachSettings) Exits() []workflows.Exit {
	return append(s.Next.Exits(), s.Body())
}

// Body implements workflows.Repeats.
func (s *forEachSettings) Body() workflows.Exit { return workflows.Exit{At: "/do", To: s.First} }

type looping struct {
	object     *catalog.Object
	filter     *expression.Program
	sort       []query.Order
	limit      int
	body, next string
}

func (s *forEachSettings) Compile(c *workflows.Compiling) workflows.Step {
	o := c.Find(s.Object, "/object")
	if o == nil {
		return nil
	}
	c.Offer(workflows.Reference("record", o))
	return &looping{object: o, filter: c.Filter(o, s.Filter, "/filter"), sort: c.Sort(o, s.Sort, "/sort"), limit: cmp.Or(s.Limit, maxEach), body: s.First, next: s.To}
}

func (s *looping) Do(x *workflows.Execution) (workflows.Outcome, error) {
	left, under := x.Left()
	if !under {
		var err error
		if left, err = x.Find(s.object, s.filter, s.sort, s.limit, 0); err != nil {
			return workflows.Outcome{}, err
		}
	}
	for ; len(left) > 0; left = left[1:] {
		still, err := x.Find(s.object, s.filter, nil, 1, left[0])
		if err != nil {
			return workflows.Outcome{}, err
		}
		if len(still) > 0 {
			x.Loop(append([]id.ID{}, left[1:]...))
			return workflows.Outcome{Next: s.body, Result: map[string]any{"record": int64(left[0])}}, nil
		}
	}
	x.Loop(nil)
	return workflows.Outcome{Next: s.next}, nil
}
