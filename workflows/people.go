package workflows

import (
	"fmt"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// MaxPeople is how many users a step finds at most.
const MaxPeople = 200

// People are users whom a condition finds. Nobody is among them who can't log in.
type People struct {
	users                       *catalog.Object
	condition                   *expression.Program
	active                      *catalog.Field
	awayFrom, awayUntil, stands *catalog.Field // nil: the configuration has none
}

// Person is one of People.
type Person struct {
	User   id.ID
	Away   bool  // today
	Stands id.ID // of one who is away, who stands in; 0: nobody
}

// People compiles a condition on users. Where users have the fields away_from, away_until and substitute, these say who
// is away and who stands in.
func (c *Compiling) People(source, at string) *People {
	users := c.Find(session.UserObject, at)
	if users == nil {
		return nil
	}
	p := &People{users: users, condition: c.Filter(users, source, at)}
	for _, known := range []struct {
		name    string
		to      **catalog.Field
		kind    fieldtype.Kind
		storage fieldtype.Storage
	}{{"active", &p.active, fieldtype.BoolKind, fieldtype.Bool}, {"away_from", &p.awayFrom, fieldtype.DateKind, fieldtype.Text},
		{"away_until", &p.awayUntil, fieldtype.DateKind, fieldtype.Text}, {"substitute", &p.stands, fieldtype.ReferenceKind, fieldtype.Int}} {
		f, ok := users.Field(known.name)
		if ok && f.Value.Kind() == known.kind && f.Column.Storage == known.storage && (f.Target == nil || f.Target == users) { // a tenant may have its own
			*known.to = f
		}
	}
	return p
}

// People are those whom the condition finds, in the order of their ids, at most MaxPeople. Who is asked for by hand
// is told of no others than they may read. Fault workflow.too_many_people (Limited).
func (x *Execution) People(p *People) ([]Person, error) {
	f, err := x.filter(p.condition)
	if err != nil {
		return nil, err
	}
	return Ask(x.tape, func() ([]Person, error) { return x.people(p, f) }, "people", f)
}

func (x *Execution) people(p *People, f query.Filter) ([]Person, error) {
	readable, err := x.Acts.Readable(p.users)
	if err != nil {
		return nil, err
	}
	f = query.And(query.And(f, readable), p.canLogIn())
	columns := []query.Column{query.ID}
	for _, of := range []*catalog.Field{p.awayFrom, p.awayUntil, p.stands} {
		if of != nil {
			columns = append(columns, of.Column)
		}
	}
	today := x.Now().In(x.Location()).Format(time.DateOnly)
	var found []Person
	q := query.Select{Table: p.users.Table.Name, Filter: f, Sort: []query.Order{{Ref: query.Field(query.ID)}}, Limit: MaxPeople + 1}
	for r, err := range store.Find(x.Ctx, x.Reader(), q, columns...) {
		if err != nil {
			return nil, fmt.Errorf("finding users: %w", err)
		}
		one := Person{User: r.ID(query.ID)}
		if p.awayUntil != nil {
			one.Away = today <= r.Text(p.awayUntil.Column) && (p.awayFrom == nil || r.Text(p.awayFrom.Column) <= today)
		}
		if p.stands != nil {
			one.Stands = r.ID(p.stands.Column)
		}
		found = append(found, one)
	}
	if len(found) > MaxPeople {
		return nil, fault.New(fault.Limited, "workflow.too_many_people", "limit", MaxPeople)
	}
	return found, x.standing(p, found)
}

// canLogIn is the condition on users who can.
func (p *People) canLogIn() query.Filter {
	if p.active == nil {
		return nil
	}
	return query.Is(p.active.Column, true)
}

// standing leaves out who would stand in and can't log in.
func (x *Execution) standing(p *People, found []Person) error {
	var stand []any
	for _, one := range found {
		if one.Away && one.Stands != 0 {
			stand = append(stand, int64(one.Stands))
		}
	}
	if len(stand) == 0 {
		return nil
	}
	can := map[id.ID]bool{}
	q := query.Select{Table: p.users.Table.Name, Filter: query.And(query.In{Ref: query.Field(query.ID), Values: stand}, p.canLogIn())}
	for r, err := range store.Find(x.Ctx, x.Reader(), q, query.ID) {
		if err != nil {
			return fmt.Errorf("finding who stands in: %w", err)
		}
		can[r.ID(query.ID)] = true
	}
	for i := range found {
		if !can[found[i].Stands] {
			found[i].Stands = 0
		}
	}
	return nil
}

// Loads is how many records of an object that a condition holds for a field says are of each of some users.
func (x *Execution) Loads(o *catalog.Object, field query.Column, condition *expression.Program, people []Person) (map[id.ID]int64, error) {
	users := make([]any, len(people))
	for i, one := range people {
		users[i] = int64(one.User)
	}
	var f query.Filter = query.In{Ref: query.Field(field), Values: users}
	if condition != nil {
		holds, err := x.filter(condition)
		if err != nil {
			return nil, err
		}
		f = query.And(f, holds)
	}
	return Ask(x.tape, func() (map[id.ID]int64, error) { return x.loads(o, field, f) }, "loads", o.Doc.Name, field.Name, f)
}

func (x *Execution) loads(o *catalog.Object, field query.Column, f query.Filter) (map[id.ID]int64, error) {
	loads := map[id.ID]int64{}
	q := query.Aggregate{Table: o.Table.Name, Filter: f, Groups: []query.Group{{Ref: query.Field(field)}}, Measures: []query.Measure{{Op: query.Count}}}
	for r, err := range x.Reader().Aggregate(x.Ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("counting what users have: %w", err)
		}
		user, _ := r[0].(int64)
		loads[id.ID(user)], _ = r[1].(int64)
	}
	return loads, nil
}
