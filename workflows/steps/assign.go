package steps

import (
	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/engine/record/session"
	"formwork/workflows"
)

// assignType makes one of several users the record's owner.
var assignType = of[assignSettings]("assign", workflows.Writes, `{
	"title": "Assign",
	"description": "Gives the record to one of the users that a condition holds for, who can log in and are not away; later steps read who it is as steps.<name>.user.",
	"required": ["among"],
	"properties": {
		"among": {"$ref": "#/$defs/expression", "title": "Among", "description": "A condition on users.", "examples": ["role == 'sales_rep'", "'Support' in teams"]},
		"by": {"enum": ["turns", "load"], "title": "By", "description": "Turns: one after the other. Load: who has the fewest records.", "default": "turns"},
		"load": {"$ref": "#/$defs/expression", "title": "Load", "description": "Which records of the object count; all when absent.", "examples": ["status == 'new'"]},
		"limit": {"type": "integer", "minimum": 1, "maximum": 1000000, "title": "Limit", "description": "Who has as many of those is left out."},
		"field": {"$ref": "#/$defs/name", "title": "Field", "description": "Which field is given the user; the owner when absent."},
		"next": {"$ref": "#/$defs/next"},
		"none": {"$ref": "#/$defs/next", "title": "None", "description": "The step that follows where there is nobody."}}}`)

type assignSettings struct {
	workflows.Next
	Among string `json:"among"`
	By    string `json:"by"`
	Load  string `json:"load"`
	Limit int64  `json:"limit"`
	Field string `json:"field"`
	None  string `json:"none"`
}

func (s *assignSettings) Exits() []workflows.Exit {
	return append(s.Next.Exits(), workflows.Exit{At: "/none", To: s.None})
}

type assigning struct {
	*assignSettings
	object *catalog.Object
	field  *catalog.Field
	among  *workflows.People
	load   *expression.Program // nil: all records count
}

func (s *assignSettings) Compile(c *workflows.Compiling) workflows.Step {
	if !c.NeedsObject() {
		return nil
	}
	a := &assigning{assignSettings: s, object: c.Object(), among: c.People(s.Among, "/among")}
	name := s.Field
	if name == "" {
		name = "owner"
	}
	if a.field = c.UserField(a.object, name, "/field"); a.field == nil || a.among == nil {
		return nil
	}
	if s.Load != "" {
		a.load = c.Filter(a.object, s.Load, "/load")
	}
	if users := c.Find(session.UserObject, "/among"); users != nil {
		c.Offer(workflows.Reference("user", users))
	}
	return a
}

func (a *assigning) Do(x *workflows.Execution) (workflows.Outcome, error) {
	people, err := x.People(a.among)
	if err != nil {
		return workflows.Outcome{}, err
	}
	present := people[:0]
	for _, one := range people {
		if !one.Away {
			present = append(present, one)
		}
	}
	loads := map[id.ID]int64{}
	if a.By == "load" || a.Limit > 0 {
		if loads, err = x.Loads(a.object, a.field.Column, a.load, present); err != nil {
			return workflows.Outcome{}, err
		}
	}
	var chosen id.ID
	err = x.Acts.Turn(x.Step(), func(last id.ID) (id.ID, error) {
		if chosen = a.choose(present, loads, last); chosen == 0 {
			return 0, nil
		}
		return chosen, x.Acts.Put(map[string]any{a.field.Name: int64(chosen)}) // a turn that is refused is none
	})
	if err != nil || chosen == 0 {
		return workflows.Outcome{Next: a.None}, err
	}
	return workflows.Outcome{Next: a.To, Result: map[string]any{"user": int64(chosen)}}, err
}

// Writes implements workflows.Writing.
func (a *assigning) Writes() []workflows.Write {
	return []workflows.Write{{Object: a.object, Action: record.Updated, Own: true, Values: []workflows.Value{{Field: a.field}}}}
}

// choose says who is next: of those with the least load, where that decides, the one who follows on the last; 0: nobody
// has room. People come in the order of their ids.
func (a *assigning) choose(people []workflows.Person, loads map[id.ID]int64, last id.ID) (chosen id.ID) {
	better := func(one id.ID) bool {
		if chosen == 0 {
			return true
		}
		if a.By == "load" && loads[one] != loads[chosen] {
			return loads[one] < loads[chosen]
		}
		return one > last && chosen <= last // people come in order: else who was found first stays
	}
	for _, p := range people {
		if (a.Limit == 0 || loads[p.User] < a.Limit) && better(p.User) {
			chosen = p.User
		}
	}
	return chosen
}
