package draft

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"formwork/engine/auth"
	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
)

// Bounds of what is told of people.
const (
	maxPeople   = 5_000 // that are looked at
	maxGroups   = 50    // of people who are alike that are told of, those of most people first
	maxObjects  = 50    // of a group
	maxExamples = 3
	peopleTime  = 10 * time.Second
)

// People is what a draft does to who may see and do what, computed by the policies of both
// configurations. It tells of the people, objects and records that its reader may read.
type People struct {
	Groups []Group
	// Partial: there are more people, or there was no time for all.
	Partial bool
}

// Group is people who are alike: of the same permission sets and the same role.
type Group struct {
	Sets     []string
	Role     string // "" for none
	Count    int
	Examples []Person
	Gained   []string // rights on the platform
	Lost     []string
	Objects  []Reach
}

// Person is somebody of a group.
type Person struct {
	ID   id.ID
	Name string
}

// Reach is what changes for a group on an object.
type Reach struct {
	Object string
	Gained []string // "create", "read", "update", "delete"
	Lost   []string
	Fields []FieldReach
	// More and Fewer are the records that the first of the examples comes to read, and those
	// that they read no more.
	More, Fewer Records
}

// FieldReach is a field with the right on it: "edit", "read", "masked" or "".
type FieldReach struct {
	Field         string
	Before, After string
}

// Records are some records: how many there are, and examples.
type Records struct {
	Count    int64
	More     bool // there are more
	Examples []Person
}

// People tells what publishing a draft would do to people. Faults as of Preview.
func (s *Session) People(ctx context.Context, key id.ID) (*People, error) {
	preview, err := s.Preview(ctx, key)
	if err != nil {
		return nil, err
	}
	base, err := s.service.catalog.Snapshot(ctx, s.tenant)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, peopleTime)
	defer cancel()
	c := &comparing{session: s, before: base, after: preview.Snapshot, preview: preview,
		reader: s.service.records.As(preview.Over(s.tenant), base, s.caller).Uncounted()}
	people := &People{Groups: []Group{}}
	groups, partial, err := c.groups(ctx)
	people.Partial = partial
	for _, g := range groups {
		if err == nil {
			err = c.compare(ctx, &g)
		}
		if err != nil {
			break
		}
		if len(g.Gained)+len(g.Lost)+len(g.Objects) == 0 {
			continue
		}
		if len(people.Groups) == maxGroups {
			people.Partial = true
			break
		}
		people.Groups = append(people.Groups, g)
	}
	if errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		people.Partial, err = true, nil
	}
	return people, err
}

// comparing compares two configurations for people.
type comparing struct {
	session       *Session
	before, after *catalog.Snapshot
	preview       *Preview
	reader        *record.Session // of who asks, under what holds
}

// groups are the active people whom the reader may read, by what their rights follow from;
// those of most people first.
func (c *comparing) groups(ctx context.Context) (groups []Group, partial bool, err error) {
	byKey := map[string]*Group{}
	seen := 0
	q := record.ListQuery{Filter: "active", Fields: []string{"name", "permissions", "role"}}
	for r, err := range c.reader.Each(ctx, auth.UserObject, q) {
		if fault.Is(err, "record.forbidden") || fault.Is(err, "list.unknown_field") || fault.Is(err, "list.bad_filter") {
			return nil, false, nil // nothing of it may be told
		}
		if err != nil {
			return nil, false, err
		}
		if seen++; seen > maxPeople {
			partial = true
			break
		}
		sets, role := textsOf(r.Value(2)), r.CSV(3)
		key := strings.Join(sets, "\x00") + "\x01" + role
		g := byKey[key]
		if g == nil {
			g = &Group{Sets: sets, Role: role}
			byKey[key] = g
		}
		if g.Count++; g.Count <= maxExamples {
			g.Examples = append(g.Examples, personOf(r))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		groups = append(groups, *byKey[key])
	}
	slices.SortStableFunc(groups, func(a, b Group) int { return b.Count - a.Count })
	return groups, partial, nil
}

// compare finds what changes for a group.
func (c *comparing) compare(ctx context.Context, g *Group) error {
	caller, _, err := c.session.service.users.Describe(ctx, c.session.tenant, g.Examples[0].ID.String())
	if fault.Is(err, "auth.user_not_found") {
		return nil // gone meanwhile
	}
	if err != nil {
		return err
	}
	before, err := c.before.Policies.Rights(ctx, caller)
	if err != nil {
		return err
	}
	after, err := c.after.Policies.Rights(ctx, caller)
	if err != nil {
		return err
	}
	g.Gained, g.Lost = differ(before.System, after.System)
	for _, name := range slices.Sorted(maps.Keys(c.before.Objects)) {
		if c.after.Objects[name] == nil || len(g.Objects) == maxObjects {
			continue
		}
		reach, err := c.object(ctx, caller, name, before.Objects[name], after.Objects[name])
		if err != nil {
			return err
		}
		if reach != nil {
			g.Objects = append(g.Objects, *reach)
		}
	}
	return nil
}

// object finds what changes for somebody on an object; nil: nothing.
func (c *comparing) object(ctx context.Context, caller *policy.Caller, name string, before, after policy.ObjectRights) (*Reach, error) {
	reach := &Reach{Object: name}
	reach.Gained, reach.Lost = differ(actionsOf(before), actionsOf(after))
	for _, field := range c.before.Objects[name].Fields {
		was, is := rightOn(before, field.Name), rightOn(after, field.Name)
		if _, there := c.after.Objects[name].Field(field.Name); there && was != is && !field.System {
			reach.Fields = append(reach.Fields, FieldReach{field.Name, was, is})
		}
	}
	if err := c.records(ctx, caller, reach, before.Read, after.Read); err != nil {
		return nil, err
	}
	if len(reach.Gained)+len(reach.Lost)+len(reach.Fields) == 0 && reach.More.Count == 0 && reach.Fewer.Count == 0 {
		return nil, nil
	}
	return reach, nil
}

// records counts the records that somebody reads under one of the configurations alone, of
// those that the reader may read.
func (c *comparing) records(ctx context.Context, caller *policy.Caller, reach *Reach, before, after bool) error {
	was, is := query.Nothing, query.Nothing
	var err error
	if before {
		if was, err = c.session.service.records.As(c.session.tenant, c.before, caller).Readable(ctx, reach.Object); err != nil {
			return err
		}
	}
	if after {
		if is, err = c.session.service.records.As(c.preview.Over(c.session.tenant), c.after, caller).Readable(ctx, reach.Object); err != nil {
			return err
		}
	}
	if query.Equal(query.Simplify(was), query.Simplify(is)) {
		return nil
	}
	if reach.More, err = c.some(ctx, reach.Object, query.And(is, query.Negate(was))); err != nil {
		return err
	}
	reach.Fewer, err = c.some(ctx, reach.Object, query.And(was, query.Negate(is)))
	return err
}

// some counts records of a filter that the reader may read.
func (c *comparing) some(ctx context.Context, object string, filter query.Filter) (Records, error) {
	name := c.before.Objects[object].Doc.NameField
	page, err := c.reader.ListAmong(ctx, object, record.ListQuery{Fields: []string{name}, Limit: maxExamples, Total: record.UsualTotal}, filter)
	if fault.Is(err, "record.forbidden") || fault.Is(err, "list.unknown_field") {
		return Records{}, nil // nothing of them may be told
	}
	if err != nil {
		return Records{}, err
	}
	found := Records{More: page.More}
	if page.Total != nil {
		found.Count = *page.Total
	}
	for _, r := range page.Items {
		found.Examples = append(found.Examples, personOf(r))
	}
	return found, nil
}

// personOf is a record that was read with its name, which comes behind its id.
func personOf(r record.Record) Person { return Person{r.ID(), r.CSV(1)} }

func textsOf(v any) []string {
	texts := []string{}
	switch v := v.(type) {
	case []string:
		texts = slices.Clone(v)
	case []any:
		for _, one := range v {
			if text, ok := one.(string); ok {
				texts = append(texts, text)
			}
		}
	}
	slices.Sort(texts)
	return texts
}

func actionsOf(r policy.ObjectRights) map[string]bool {
	return map[string]bool{"create": r.Create, "read": r.Read, "update": r.Update, "delete": r.Delete}
}

func rightOn(r policy.ObjectRights, field string) string {
	if r.Masked[field] {
		return "masked"
	}
	return r.Fields[field]
}

// differ are the names that are true after and not before, and the other way round; sorted.
func differ(before, after map[string]bool) (gained, lost []string) {
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if after[name] && !before[name] {
			gained = append(gained, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if before[name] && !after[name] {
			lost = append(lost, name)
		}
	}
	return gained, lost
}
