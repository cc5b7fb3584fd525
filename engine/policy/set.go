package policy

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/rego/compile"
	"golang.org/x/sync/singleflight"

	"formwork/engine/cache"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Object is an object as policies see it.
type Object struct {
	Name string
	// Names are all of the object's fields, without guards: policies look at what
	// their caller may not see.
	Names expression.Names
	// Owned records have an owner; it and the role tree decide.
	Owned bool
	// Visibility is metadata.Object's: "private" (also ""), "read" or "write".
	Visibility string
	// Parent is the lookup to the record that decides about this one; nil: it decides itself.
	Parent *expression.Symbol
	// Fields are the names of all fields. System fields may be among them or not.
	Fields []string
	// Formulas are the programs of the fields that an expression computes, by field; of
	// the users' object alone.
	Formulas map[string]*expression.Program
}

// Sharing is a sharing rule with its expressions compiled.
type Sharing struct {
	Doc *metadata.Sharing
	// When is on the record (and the user) and queryable; nil: every record. Users is
	// on the user alone; nil if the rule names nobody that way.
	When, Users *expression.Program
	// Match has the record's path by the name of the user's field ("id" is the user's
	// own id). All of several pairs must agree.
	Match map[string]expression.Path
}

// Config is what a Set is compiled from: effective, checked documents. References
// to what does not exist grant nothing.
type Config struct {
	Revision    int64
	Objects     map[string]*Object
	Permissions map[string]*metadata.Permission
	Roles       map[string]*metadata.Role
	Sharing     []Sharing
	Policies    []*metadata.Policy
	// Now is the clock of sharing conditions that read it; nil: time.Now.
	Now func() time.Time
}

// Limits of one Set.
const (
	maxRights = 256 // cached, by permission sets
	// maxFields is how many fields and objects the cached rights may have together; one
	// takes less than a hundred bytes.
	maxFields  = 500_000
	maxFilters = 4096 // cached, by caller, object and action
	// maxCached is how many conditions the cached filters may have together; one takes
	// about a hundred bytes.
	maxCached = 200_000
	// Time is the second bound, for what steps don't count; a busy machine must not
	// reach it. publishTime is for all of a tenant's policies together.
	requestTime  = time.Second
	publishTime  = 5 * time.Second
	maxParents   = 10          // in a chain
	clockReadFor = time.Second // how long a filter that read the clock is used
)

// Set is the compiled policy of one revision. Immutable but for its bounded
// caches, safe for concurrent use.
type Set struct {
	revision    int64
	objects     map[string]*object
	users       map[string]*field // of the user object, by name
	custom      map[string]*custom
	permissions map[string]*metadata.Permission
	included    map[string][]string // by permission set, those that it includes, also through others; only where it does
	attributes  []string            // of the user, that anything here reads; sorted
	held        []string            // fields of users; see HeldFields
	now         func() time.Time

	decide rego.PreparedEvalQuery
	answer *compile.Prepared

	rights  *cache.Cache[string, *Rights]
	filters *cache.Cache[string, cachedFilter]
	flights singleflight.Group
	system  *Rights
}

// object is what filters of an object's records are made from.
type object struct {
	*Object
	names       []string            // of the fields that permission sets speak of
	owner, role *field              // $owner and $role; nil if there is none
	parent      *query.Hop          // nil: the record decides itself
	above       string              // the parent's object
	sharing     map[string]*Sharing // by name
	policies    []string            // names, sorted
	chain       []string            // the parent's object, and its parent's …
	clock       bool                // some sharing condition here or above reads the clock
}

// Compile makes a Set, or says everything that is wrong. Pointers of the faults
// are "/<kind>/<name>/<JSON pointer in the document>". Every policy of the tenant's
// own was then compiled to filters, within a limit of time for all of them.
func Compile(ctx context.Context, c Config) (*Set, []*fault.Fault) {
	s := &Set{
		revision: c.Revision, objects: make(map[string]*object, len(c.Objects)),
		custom: map[string]*custom{}, permissions: c.Permissions, now: c.Now,
	}
	if s.now == nil {
		s.now = time.Now
	}
	for name, o := range c.Objects {
		s.objects[name] = newObject(o)
	}
	if users := c.Objects[userObject]; users != nil {
		s.users = userFields(users.Names)
	}
	s.included = included(c.Permissions)
	problems := s.checkParents()
	problems = append(problems, s.addSharing(c.Sharing)...)
	problems = append(problems, s.addPolicies(ctx, c.Policies)...)
	if len(problems) > 0 {
		return nil, problems
	}
	for _, o := range s.objects {
		o.clock = s.readsClock(o)
	}
	s.attributes = s.readAttributes()
	s.held = s.heldFields()
	if err := s.prepare(ctx, data(c, s)); err != nil {
		return nil, []*fault.Fault{fault.From(err)}
	}
	s.system = everything(c.Objects)
	s.rights = cache.New[string, *Rights](maxRights, maxFields)
	s.filters = cache.New[string, cachedFilter](maxFilters, maxCached)
	return s, nil
}

func newObject(o *Object) *object {
	compiled := &object{Object: o, names: fieldNames(o), sharing: map[string]*Sharing{}}
	if o.Owned && o.Names != nil {
		if owner, ok := o.Names.Symbol("owner"); ok && owner.Value != nil {
			compiled.owner = newField("owner", query.Ref{Column: owner.Column}, owner.Value)
			compiled.role = roleOf(owner)
		}
	}
	if p := o.Parent; p != nil && p.Target != nil {
		compiled.parent = &query.Hop{Lookup: p.Column, Table: p.Table}
		compiled.above = p.Target.Object()
	}
	return compiled
}

// checkParents makes sure that every chain of parents ends, and hands down what an
// object's policy gets from those above it.
func (s *Set) checkParents() (problems []*fault.Fault) {
	for _, name := range sortedKeys(s.objects) {
		steps := 0
		for o := s.objects[name]; o != nil && o.parent != nil; o = s.objects[o.above] {
			if steps++; steps > maxParents {
				problems = append(problems, fault.New(fault.Invalid, "policy.parents", "object", name, "max", maxParents).
					At("/object/"+name+"/parent"))
				break
			}
			s.objects[name].chain = append(s.objects[name].chain, o.above)
		}
	}
	return problems
}

// addSharing gives the rules to their objects.
func (s *Set) addSharing(rules []Sharing) (problems []*fault.Fault) {
	for i := range rules {
		rule := &rules[i]
		o := s.objects[rule.Doc.Object]
		if o == nil {
			problems = append(problems, unknownObject(rule.Doc.Object, s.objects).At("/sharing/"+rule.Doc.Name+"/object"))
			continue
		}
		o.sharing[rule.Doc.Name] = rule
		for _, name := range sortedKeys(rule.Match) {
			if problem := s.checkMatch(name, rule.Match[name]); problem != nil {
				problems = append(problems, problem.At("/sharing/"+rule.Doc.Name+"/to/match"))
			}
		}
		for at, program := range map[string]*expression.Program{"/when": rule.When, "/to/users": rule.Users} {
			if path := beyondUser(program); path != "" {
				problems = append(problems, fault.New(fault.Invalid, "policy.beyond_user", "name", path).At("/sharing/"+rule.Doc.Name+at))
			}
		}
	}
	return problems
}

// beyondUser is a path that leads from the user to another record; a caller carries
// no more than the user's own fields.
func beyondUser(p *expression.Program) string {
	if p == nil {
		return ""
	}
	for _, path := range p.Paths() {
		if path.Root == "user" && len(path.Via) > 0 {
			return "user." + path.Via[0].Name + "." + path.Leaf.Name
		}
	}
	return ""
}

// checkMatch makes sure that a field of the user and one of the record can be equal.
// A list matches a text that is in it.
func (s *Set) checkMatch(name string, path expression.Path) *fault.Fault {
	mine, ok := fieldtype.None, false
	f := s.users[name]
	switch name {
	case "id":
		mine, ok = fieldtype.Int, path.Leaf.Value != nil && path.Leaf.Value.Kind() == fieldtype.ReferenceKind
	case "role":
		mine, ok = fieldtype.Text, true
	case "permissions", "teams":
		mine, ok = fieldtype.List, true
	default:
		if f == nil {
			return fault.New(fault.Invalid, "policy.no_user_field", "name", name)
		}
		mine = f.ref.Column.Storage
		ok = mine == fieldtype.List || path.Leaf.Value != nil && newField("", query.Ref{}, path.Leaf.Value).scale == f.scale &&
			(mine == fieldtype.Text || path.Leaf.Value.Kind() == f.kind)
	}
	theirs := path.Leaf.Column.Storage
	switch {
	case !ok || theirs == fieldtype.None || theirs == fieldtype.JSON || mine == fieldtype.JSON:
	case mine == fieldtype.List && theirs == fieldtype.Text, mine == fieldtype.Text && theirs == fieldtype.List:
		return nil
	case mine == theirs && mine != fieldtype.List:
		return nil
	}
	return fault.New(fault.Invalid, "policy.no_match", "name", path.Leaf.Name, "user", name)
}

// readsClock reports whether a sharing rule of the object, or of one above, does.
func (s *Set) readsClock(o *object) bool {
	for _, name := range append([]string{o.Name}, o.chain...) {
		above := s.objects[name]
		if above == nil {
			break
		}
		for _, rule := range above.sharing {
			if rule.When != nil && rule.When.UsesClock() || rule.Users != nil && rule.Users.UsesClock() {
				return true
			}
		}
	}
	return false
}

// readAttributes lists the user's fields that a sharing rule or a policy reads.
// Two callers that differ in others have the same filters.
func (s *Set) readAttributes() []string {
	read := map[string]bool{}
	for _, o := range s.objects {
		for _, rule := range o.sharing {
			for _, program := range []*expression.Program{rule.When, rule.Users} {
				if program == nil {
					continue
				}
				for _, p := range program.Paths() {
					if p.Root == "user" && len(p.Via) == 0 {
						read[p.Leaf.Name] = true
					}
				}
			}
			for name := range rule.Match {
				read[name] = true
			}
		}
	}
	for _, p := range s.custom {
		for name := range p.reads {
			read[name] = true
		}
	}
	for _, name := range callerFields { // always part of the key
		delete(read, name)
	}
	return sortedKeys(read)
}

// Reads lists what filters of an object's records may compare, for planning indexes:
// owners, the fields of sharing rules and of the tenant's own policies, and the
// lookup to the parent. Each once, in no order that means anything but stable.
func (s *Set) Reads(object string) []query.Ref {
	o := s.objects[object]
	if o == nil {
		return nil
	}
	var refs []query.Ref
	add := func(ref query.Ref) {
		if ref.Column.Storage != fieldtype.None && !slices.ContainsFunc(refs, ref.Equal) {
			refs = append(refs, ref)
		}
	}
	switch {
	case o.parent != nil:
		add(query.Field(o.parent.Lookup))
	case o.owner != nil:
		add(o.owner.ref)
	}
	for _, name := range sortedKeys(o.sharing) {
		rule := o.sharing[name]
		if rule.When != nil {
			for _, path := range rule.When.Paths() {
				if path.Root == "" {
					add(path.Ref())
				}
			}
		}
		for _, user := range sortedKeys(rule.Match) {
			add(rule.Match[user].Ref())
		}
	}
	for _, name := range o.policies {
		fields := s.custom[name].fields
		for _, path := range sortedKeys(fields) {
			add(fields[path].ref)
		}
	}
	return refs
}

// ReadBy lists what one of the tenant's own policies reads: paths of the record, and fields
// of the user; sorted. It is empty for a name of none.
func (s *Set) ReadBy(policy string) (record, user []string) {
	p := s.custom[policy]
	if p == nil {
		return nil, nil
	}
	return sortedKeys(p.fields), sortedKeys(p.reads)
}

// System is the program itself at work in a tenant: it passes everything. It must
// never be given to what a request asks for.
func System(tenant string) *Caller {
	return &Caller{Tenant: tenant, Name: "system", Language: "en", Location: time.UTC, Via: "command", System: true}
}

// active reports whether a caller has any rights at all.
func (c *Caller) active() bool {
	if c == nil || len(c.Permissions) == 0 {
		return false
	}
	active, told := c.Attributes["active"]
	return !told || active == true
}

func unknownObject(name string, among map[string]*object) *fault.Fault {
	if near, ok := metadata.Nearest(name, sortedKeys(among)); ok {
		return fault.New(fault.Invalid, "policy.misspelt_object", "name", name, "suggestion", near)
	}
	return fault.New(fault.Invalid, "policy.unknown_object", "name", name)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
