// Package explain tells why a user may, or may not, do something with a record, and what
// would have to change.
package explain

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/message"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/metadata"
)

// Question is why somebody may, or may not, do something.
type Question struct {
	Who    *policy.Caller
	Active bool // may they log in
	// ByEmail: the asker named them by their e-mail, and not by the id.
	ByEmail bool
	Object  string
	ID      id.ID // 0: no record in particular
	Action  policy.Action
	Field   string // "": the record as a whole
}

// Explanation is a decision and what it is made of.
type Explanation struct {
	// Allowed without a record means: for such records as there may be.
	Allowed bool
	Reasons []Reason
	// Grants together are the least that makes it allowed; none if it is, or if nothing
	// can. Each is applied as it stands, once a name and label are put to its document.
	Grants []Grant
}

// Reason is one thing that was looked at. Its text says what, Holds whether it is so;
// nil: that depends on the record.
type Reason struct {
	Action   policy.Action
	Text     *message.Message
	Holds    *bool
	Document metadata.Key // that says so; the zero Key for none
}

// Grant is one change.
type Grant struct {
	Text     *message.Message
	Document map[string]any // what a new document says; nil if it is no document
	// Sets are the permission sets that exist and give all that is wanted of a set, those
	// that give least first; at most 5.
	Sets []string
}

// maxSets bounds the permission sets that are offered.
const maxSets = 5

// Explainer tells one caller why somebody may, or may not, do something.
type Explainer struct{ *session.Session }

// New makes an explainer for the caller who asks.
func New(s *session.Session) Explainer { return Explainer{Session: s} }

// Explain tells why. The asker must be able to read the user, the record and the field; of
// a condition that reads what they may not read they are not told whether it holds. Faults:
// those of Get; auth.user_not_found (NotFound), access.unknown_action (Invalid).
func (x *Explainer) Explain(ctx context.Context, q Question) (*Explanation, error) {
	if err := x.nameUser(ctx, &q); err != nil {
		return nil, err
	}
	a, err := x.Object(ctx, q.Object, policy.Read)
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]policy.Action{policy.Create, policy.Read, policy.Update, policy.Delete}, q.Action) {
		return nil, fault.New(fault.Invalid, "access.unknown_action", "action", session.Shorten(string(q.Action))).At("/action")
	}
	if !q.Active { // everything else is told as it will be
		who := *q.Who
		who.Attributes = maps.Clone(who.Attributes)
		who.Attributes["active"] = true
		q.Who = &who
	}
	e := &explaining{ctx: ctx, s: x.Session, a: a, Question: q, found: &Explanation{Allowed: true}, wanted: &metadata.ObjectRights{}}
	if e.rights, err = x.Snapshot.Policies.Rights(ctx, q.Who); err != nil {
		return nil, err
	}
	if q.Field != "" {
		f, ok := a.Object.Field(q.Field)
		if !ok || !a.Reads(f) {
			return nil, session.UnknownField(a, "list.unknown_field", q.Field).At("/field")
		}
		e.field = a.ByName[q.Field]
	}
	if q.ID != 0 {
		if e.row, err = x.LoadReadable(ctx, a, q.ID); err != nil {
			return nil, err
		}
	}
	return e.explain()
}

// nameUser refuses to tell of a user whom the asker may not read, or not by the e-mail, and
// names one whose name they may not read by the id.
func (x *Explainer) nameUser(ctx context.Context, q *Question) error {
	unknown := fault.New(fault.NotFound, "auth.user_not_found")
	users, err := x.AnyObject(ctx, session.UserObject)
	if err != nil || q.Who.User == x.Caller.User {
		return err
	}
	email, _ := users.Object.Field("email")
	if !users.Allows(policy.Read) || q.ByEmail && !users.Reads(email) {
		return unknown
	}
	if _, err := x.LoadReadable(ctx, users, q.Who.User); err != nil {
		if fault.Is(err, "record.not_found") {
			err = unknown
		}
		return err
	}
	if !users.Reads(users.Object.NameField) {
		who := *q.Who
		who.Name = who.User.String()
		q.Who = &who
	}
	return nil
}

// explaining is an explanation being made.
type explaining struct {
	Question
	ctx    context.Context
	s      *session.Session
	a      *session.Object // the asker's
	field  *stored.Field
	row    stored.Row // nil: no record in particular
	rights *policy.Rights
	found  *Explanation
	// What a permission set would have to give: rights on the object, and on the platform.
	wanted *metadata.ObjectRights
	system string
	fixed  bool // nothing can change it
}

func (e *explaining) explain() (*Explanation, error) {
	e.because(e.Action, nil, &e.Active, message.New("access.active", "user", e.Who.Name))
	if !e.Active {
		e.found.Grants = append(e.found.Grants, Grant{Text: message.New("access.grant_active", "user", e.Who.Name)})
	}
	if err := e.objectRights(); err != nil {
		return nil, err
	}
	if err := e.fieldRights(); err != nil {
		return nil, err
	}
	for _, action := range e.actions() {
		if err := e.ways(action); err != nil {
			return nil, err
		}
	}
	if err := e.permission(); err != nil {
		return nil, err
	}
	if e.found.Allowed || e.fixed {
		e.found.Grants = nil
	}
	return e.found, nil
}

// actions are what must be allowed: what may not be read can't be changed either.
func (e *explaining) actions() []policy.Action {
	if e.Action == policy.Update || e.Action == policy.Delete {
		return []policy.Action{policy.Read, e.Action}
	}
	return []policy.Action{e.Action}
}

// because notes a reason; what has to hold and does not decides.
func (e *explaining) because(action policy.Action, document *metadata.Key, must *bool, text *message.Message) {
	r := Reason{Action: action, Text: text, Holds: must}
	if document != nil {
		r.Document = *document
	}
	e.found.Reasons = append(e.found.Reasons, r)
	e.found.Allowed = e.found.Allowed && (must == nil || *must)
}

// objectRights: does a permission set allow it at all.
func (e *explaining) objectRights() error {
	if e.Action != policy.Read && e.a.Object.Doc.Configuration {
		data := false
		e.because(e.Action, &metadata.Key{Kind: "object", Name: e.Object}, &data, message.New("access.configuration", "object", e.Object))
		e.fixed = true
	}
	for _, action := range e.actions() {
		holds := session.Allows(e.rights.Objects[e.Object], action)
		if held := e.s.Snapshot.Policies.Held(e.Object, "", action); held {
			manages := e.rights.System["manage_users"]
			e.because(action, nil, &manages, message.New("access.held", "right", "manage_users"))
			if !manages {
				e.system = "manage_users"
			}
		}
		given, err := e.given(func(r policy.ObjectRights) bool { return session.Allows(r, action) })
		if err != nil {
			return err
		}
		for _, set := range given {
			e.because(action, set, &holds, message.New("access.object", "object", e.Object, "action", string(action), "set", set.Name))
		}
		if len(given) == 0 && !holds {
			e.because(action, nil, &holds, message.New("access.no_object", "object", e.Object, "action", string(action)))
		}
		if !holds {
			e.want(action)
		}
	}
	return nil
}

// want puts an action into the permission set that is missing.
func (e *explaining) want(action policy.Action) {
	switch action {
	case policy.Create:
		e.wanted.Create = true
	case policy.Read:
		e.wanted.Read = true
	case policy.Update:
		e.wanted.Update = true
	case policy.Delete:
		e.wanted.Delete = true
	}
}

// given are the permission sets of the user that give something by themselves.
func (e *explaining) given(what func(policy.ObjectRights) bool) ([]*metadata.Key, error) {
	var sets []*metadata.Key
	for _, set := range e.Who.Permissions {
		rights, err := e.s.Snapshot.Policies.RightsOf(e.ctx, set)
		if err != nil {
			return nil, err
		}
		if what(rights.Objects[e.Object]) {
			sets = append(sets, &metadata.Key{Kind: "permission", Name: set})
		}
	}
	return sets, nil
}

// level is the right on the field that the action needs.
func (e *explaining) level() string {
	if e.Action == policy.Create || e.Action == policy.Update {
		return "edit"
	}
	return "read"
}

// enough reports whether rights on the object let the field be used.
func (e *explaining) enough(r policy.ObjectRights) bool {
	level := r.Fields[e.Field]
	return level == "edit" || level != "" && e.level() == "read"
}

// fieldRights: may the field be read, or written.
func (e *explaining) fieldRights() error {
	if e.field == nil {
		return nil
	}
	holds := e.enough(e.rights.Objects[e.Object])
	if e.level() == "edit" {
		writable := !e.field.ReadOnly()
		if e.field.System && e.Field != query.Owner.Name || !writable {
			e.fixed, writable = true, false
		}
		e.because(e.Action, nil, &writable, message.New("access.writable", "field", e.Field))
	}
	if e.s.Snapshot.Policies.Held(e.Object, e.Field, e.Action) {
		manages := e.rights.System["manage_users"]
		e.because(e.Action, nil, &manages, message.New("access.held", "right", "manage_users"))
		if !manages {
			e.system = "manage_users"
		}
	}
	given, err := e.given(e.enough)
	if err != nil {
		return err
	}
	for _, set := range given {
		e.because(e.Action, set, &holds, message.New("access.field", "field", e.Field, "level", e.level(), "set", set.Name))
	}
	if len(given) == 0 && !holds {
		e.because(e.Action, nil, &holds, message.New("access.no_field", "field", e.Field, "level", e.level()))
	}
	if !holds {
		e.want(e.Action)
		e.wanted.Read = e.wanted.Read || e.Action != policy.Create
		e.wanted.Fields = map[string]string{e.Field: e.level()}
	}
	return nil
}

// ways: does anything lead to the record, and does a policy keep it away.
func (e *explaining) ways(action policy.Action) error {
	ways, err := e.s.Snapshot.Policies.Ways(e.ctx, e.Who, e.Object, action)
	if err != nil {
		return err
	}
	reached, denied := new(bool), []string{}
	for _, way := range ways {
		if !e.applies(way.Kind) {
			continue
		}
		holds, err := e.holds(way.Filter)
		if err != nil {
			return err
		}
		document, text := e.way(way)
		e.found.Reasons = append(e.found.Reasons, Reason{Action: action, Text: text, Holds: holds, Document: document})
		switch {
		case way.Kind == "deny" && holds != nil && *holds:
			denied = append(denied, way.Name)
		case way.Kind == "deny":
		case holds == nil && reached != nil && !*reached:
			reached = nil
		case holds != nil && *holds:
			reached = holds
		}
	}
	if reached != nil && !*reached {
		e.found.Allowed = false
		e.reach(action)
	}
	for _, name := range denied {
		e.found.Allowed = false
		e.found.Grants = append(e.found.Grants, Grant{Text: message.New("access.grant_policy", "policy", name)})
	}
	return nil
}

// applies leaves out ways that lead to no record of the object whatever the user has.
func (e *explaining) applies(kind string) bool {
	switch kind {
	case "visibility":
		return e.a.Object.Doc.Parent == ""
	case "parent":
		return e.a.Object.Doc.Parent != ""
	case "owner", "role":
		return e.a.Object.Owned
	}
	return true
}

// holds decides a condition on the record; without one it is known only of what holds
// for all records, or for none.
func (e *explaining) holds(f query.Filter) (*bool, error) {
	never := false
	if any, ok := f.(query.Any); ok && len(any) == 0 {
		return &never, nil
	}
	if f != nil && (e.row == nil || !e.mayKnow(f)) {
		return nil, nil
	}
	of := session.NewEnv(e.ctx, e.s, e.s.Tenant, e.a.Mapping, e.row, nil)
	holds := f == nil || of.Matches(f, e.row)
	return &holds, of.Failed()
}

// mayKnow reports whether the asker may read all that a condition reads of the record and
// behind its lookups.
func (e *explaining) mayKnow(f query.Filter) bool {
	known := true
	query.MapRefs(f, func(ref query.Ref) query.Ref {
		known = known && e.readsPath(ref)
		return ref
	})
	return known
}

// readsPath reports whether the asker may read the fields of a path.
func (e *explaining) readsPath(ref query.Ref) bool {
	o := e.a.Object
	for _, hop := range ref.Hops {
		if !e.readsColumn(o, hop.Lookup) {
			return false
		}
		if o = e.objectOf(hop.Table); o == nil {
			return false
		}
	}
	return e.readsColumn(o, ref.Column)
}

// readsColumn reports whether the asker may read the field that a column of an object is of.
func (e *explaining) readsColumn(o *catalog.Object, column query.Column) bool {
	a, err := e.s.ObjectOf(e.ctx, o)
	if err != nil || !a.Allows(policy.Read) {
		return false
	}
	return slices.ContainsFunc(o.Fields, func(f *catalog.Field) bool {
		return (f.Column.Name == column.Name || f.Key.Name == column.Name || f.Exact.Name == column.Name ||
			slices.ContainsFunc(f.Parts, func(part *catalog.Field) bool { return part.Column.Name == column.Name })) && a.Reads(f)
	})
}

// objectOf is the object whose records a table holds.
func (e *explaining) objectOf(table string) *catalog.Object {
	for _, o := range e.s.Snapshot.Objects {
		if o.Table.Name == table {
			return o
		}
	}
	return nil
}

// way is what a way is called, and the document that makes it.
func (e *explaining) way(way policy.Way) (document metadata.Key, text *message.Message) {
	object := metadata.Key{Kind: "object", Name: e.Object}
	switch way.Kind {
	case "all":
		return metadata.Key{}, message.New("access.all", "object", e.Object)
	case "visibility":
		return object, message.New("access.visibility", "object", e.Object, "visibility", cmp.Or(e.a.Object.Doc.Visibility, "private"))
	case "owner":
		return metadata.Key{}, message.New("access.owner", "user", e.Who.Name)
	case "role":
		return metadata.Key{}, message.New("access.role", "user", e.Who.Name)
	case "parent":
		return object, message.New("access.parent", "field", e.a.Object.Doc.Parent)
	case "sharing":
		return metadata.Key{Kind: "sharing", Name: way.Name}, message.New("access.sharing", "rule", way.Name)
	case "allow":
		return metadata.Key{Kind: "policy", Name: way.Name}, message.New("access.allow", "policy", way.Name)
	}
	return metadata.Key{Kind: "policy", Name: way.Name}, message.New("access.deny", "policy", way.Name)
}

// reach is the least that leads to the record: a sharing rule for this user and record,
// or, since none lets anybody delete, to own it or else write_all. The one that leads to
// an action leads to reading as well.
func (e *explaining) reach(action policy.Action) {
	e.found.Grants = slices.DeleteFunc(e.found.Grants, func(g Grant) bool { return g.Document["kind"] == "sharing" })
	owner, owned := e.a.Object.Field(query.Owner.Name)
	switch {
	case action != policy.Delete:
		rule := map[string]any{"kind": "sharing", "object": e.Object, "access": "read",
			"to": map[string]any{"users": fmt.Sprintf("user == %q", e.Who.User)}}
		if e.ID != 0 {
			rule["when"] = fmt.Sprintf("id == %q", e.ID)
		}
		if action != policy.Read {
			rule["access"] = "write"
		}
		e.found.Grants = append(e.found.Grants, Grant{Document: rule,
			Text: message.New("access.grant_sharing", "user", e.Who.Name, "access", rule["access"])})
	case owned && e.a.Object.Owned && e.ID != 0 && e.a.Reads(owner):
		e.found.Grants = append(e.found.Grants, Grant{Text: message.New("access.grant_owner", "user", e.Who.Name)})
	default:
		e.wanted.WriteAll = true
	}
}

// permission is the grant of what permission sets lack, all in one set.
func (e *explaining) permission() error {
	w := e.wanted
	rights := map[string]any{}
	for name, is := range map[string]bool{"create": w.Create, "read": w.Read, "update": w.Update, "delete": w.Delete, "write_all": w.WriteAll} {
		if is {
			rights[name] = true
		}
	}
	document := map[string]any{"kind": "permission"}
	if len(rights) > 0 {
		if w.Fields != nil {
			rights["fields"] = w.Fields
		}
		document["objects"] = map[string]any{e.Object: rights}
	}
	if e.system != "" {
		document["system"] = []string{e.system}
	}
	if len(document) == 1 {
		return nil
	}
	sets, err := e.sets()
	if err != nil {
		return err
	}
	e.found.Grants = append(e.found.Grants, Grant{Text: message.New("access.grant_permission", "user", e.Who.Name), Document: document, Sets: sets})
	return nil
}

// sets are the permission sets that give all that is wanted, by how much else they give.
func (e *explaining) sets() ([]string, error) {
	extent := map[string]int{}
	for name, set := range catalog.Permissions(e.s.Snapshot) {
		rights, err := e.s.Snapshot.Policies.RightsOf(e.ctx, name)
		if err != nil {
			return nil, err
		}
		of, w := rights.Objects[e.Object], e.wanted
		entry := cmp.Or(set.Objects[e.Object], set.Objects["*"], &metadata.ObjectRights{})
		if w.Create && !of.Create || w.Read && !of.Read || w.Update && !of.Update || w.Delete && !of.Delete || w.WriteAll && !entry.WriteAll ||
			w.Fields != nil && !e.enough(of) || e.system != "" && !rights.System[e.system] {
			continue
		}
		extent[name] = len(rights.System)
		for _, object := range rights.Objects {
			for _, action := range []policy.Action{policy.Create, policy.Read, policy.Update, policy.Delete} {
				if session.Allows(object, action) {
					extent[name]++
				}
			}
		}
	}
	names := slices.SortedFunc(maps.Keys(extent), func(a, b string) int { return cmp.Or(cmp.Compare(extent[a], extent[b]), cmp.Compare(a, b)) })
	return names[:min(len(names), maxSets)], nil
}
