package policy

import (
	"context"
	"slices"
	"strconv"

	"formwork/metadata"
)

// ManagePermissions is the system right to give what one does not have.
const ManagePermissions = "manage_permissions"

// Grant is one thing that a permission set gives.
type Grant struct {
	// Pointer leads to it in the set's document: "/system/0", "/objects/account/delete",
	// "/objects/account/fields/rent".
	Pointer string
	// What says it by name: "manage_users", "account: delete", "account.rent: edit".
	What string
}

// Kept are objects and fields that the configuration does not describe any more and whose
// data is kept, in case they come back: fields by object. A field may be described again.
type Kept map[string][]string

// Beyond lists what a permission set gives and a caller does not have; had, if not nil, is
// what the set gave before, which is no matter of the caller. It is empty for the program
// itself and for who manages permissions. What is given of every object ("*") must be held
// of every object, and of those that are named by the caller's sets. What is given of kept
// objects and fields counts as if they were described.
func (s *Set) Beyond(ctx context.Context, c *Caller, given, had *metadata.Permission, kept Kept) ([]Grant, error) {
	rights, err := s.Rights(ctx, c)
	if err != nil || rights.System[ManagePermissions] {
		return nil, err
	}
	held := []*metadata.Permission{}
	var names []string
	if c.active() {
		names = s.withIncluded(c.Permissions)
		for _, name := range names {
			if set := s.permissions[name]; set != nil {
				held = append(held, set)
			}
		}
	}
	if had != nil {
		held = append(held, had)
	}
	var beyond []Grant
	for i, right := range given.System {
		if !slices.ContainsFunc(held, func(p *metadata.Permission) bool { return slices.Contains(p.System, right) }) {
			beyond = append(beyond, Grant{"/system/" + strconv.Itoa(i), right})
		}
	}
	for i, name := range given.Includes {
		if !slices.Contains(names, name) && (had == nil || !slices.Contains(had.Includes, name)) {
			beyond = append(beyond, Grant{"/includes/" + strconv.Itoa(i), name})
		}
	}
	told := map[string]bool{}
	for _, object := range s.namesOf(kept) {
		rights, name := entry(given, object)
		if rights == nil {
			continue
		}
		var entries []*metadata.ObjectRights
		for _, set := range held {
			if of, _ := entry(set, object); of != nil {
				entries = append(entries, of)
			}
		}
		for _, right := range beyondOf(rights, entries, s.fieldsOf(object, kept[object])) {
			grant := Grant{"/objects/" + metadata.EscapePointer(name) + right.pointer, object + right.what}
			if !told[grant.Pointer] {
				beyond = append(beyond, grant)
			}
			told[grant.Pointer] = true
		}
	}
	return beyond, nil
}

// BeyondSet is Beyond for a permission set by name; a name of none gives nothing.
func (s *Set) BeyondSet(ctx context.Context, c *Caller, name string) ([]Grant, error) {
	set := s.permissions[name]
	if set == nil {
		return nil, nil
	}
	return s.Beyond(ctx, c, set, nil, nil)
}

// Opens reports whether a caller may open the records of an object to others: who manages
// permissions, and who reaches all of them, for reading or, with write, for changing.
func (s *Set) Opens(ctx context.Context, c *Caller, object string, write bool) (bool, error) {
	rights, err := s.Rights(ctx, c)
	if err != nil || rights.System[ManagePermissions] || c != nil && c.System {
		return err == nil, err
	}
	if !c.active() {
		return false, nil
	}
	return slices.ContainsFunc(s.withIncluded(c.Permissions), func(name string) bool {
		set := s.permissions[name]
		if set == nil {
			return false
		}
		of, _ := entry(set, object)
		return of != nil && (of.WriteAll && (of.Update || !write) || !write && of.Read && of.ReadAll)
	}), nil
}

// ReadsField reports whether a caller may read an object's records, and of them a field that
// is no system field. Both may be kept ones. Who manages permissions may.
func (s *Set) ReadsField(ctx context.Context, c *Caller, object, field string) (records, value bool, err error) {
	rights, err := s.Rights(ctx, c)
	if err != nil || rights.System[ManagePermissions] || c != nil && c.System {
		return err == nil, err == nil, err
	}
	if !c.active() {
		return false, false, nil
	}
	for _, name := range s.withIncluded(c.Permissions) {
		if set := s.permissions[name]; set != nil {
			of, _ := entry(set, object)
			records = records || of != nil && of.Read
			value = value || of != nil && reads(of.Level(field))
		}
	}
	return records, records && value, nil
}

// reads reports whether a level of rights on a field gives its value.
func reads(level string) bool { return level == "read" || level == "edit" }

// entry is what a permission set says of an object, and by which name. "*" asks for what it
// says of every object, also of those to come.
func entry(p *metadata.Permission, object string) (*metadata.ObjectRights, string) {
	if of := p.Objects[object]; of != nil {
		return of, object
	}
	return p.Objects["*"], "*"
}

// namesOf are the objects that permission sets speak of, and "*" for those to come, which
// is first.
func (s *Set) namesOf(kept Kept) []string {
	names := append([]string{"*"}, sortedKeys(s.objects)...)
	for _, object := range sortedKeys(kept) {
		if s.objects[object] == nil {
			names = append(names, object)
		}
	}
	return names
}

// fieldsOf are the fields of an object that permission sets speak of, and "*" for those to come.
func (s *Set) fieldsOf(object string, kept []string) []string {
	names := []string{"*"}
	if o := s.objects[object]; o != nil {
		names = append(names, o.names...)
	}
	described := make(map[string]bool, len(names))
	for _, field := range names {
		described[field] = true
	}
	for _, field := range kept {
		if !described[field] {
			names = append(names, field)
		}
	}
	return names
}

// beyondGrant is the end of a pointer, and of a name.
type beyondGrant struct{ pointer, what string }

// beyondOf lists what rights on an object give that none of others gives.
func beyondOf(given *metadata.ObjectRights, held []*metadata.ObjectRights, fields []string) (beyond []beyondGrant) {
	for _, right := range []struct {
		name string
		of   func(*metadata.ObjectRights) bool
	}{
		{"create", func(r *metadata.ObjectRights) bool { return r.Create }},
		{"read", func(r *metadata.ObjectRights) bool { return r.Read }},
		{"update", func(r *metadata.ObjectRights) bool { return r.Update }},
		{"delete", func(r *metadata.ObjectRights) bool { return r.Delete }},
		{"read_all", func(r *metadata.ObjectRights) bool { return r.ReadAll || r.WriteAll }},
		{"write_all", func(r *metadata.ObjectRights) bool { return r.WriteAll }},
	} {
		said := right.name != "read_all" || given.ReadAll // write_all is told by itself
		if said && right.of(given) && !slices.ContainsFunc(held, right.of) {
			beyond = append(beyond, beyondGrant{"/" + right.name, ": " + right.name})
		}
	}
	for _, field := range fields {
		level := levelOf(given, field)
		if level == "" || slices.ContainsFunc(held, func(r *metadata.ObjectRights) bool {
			has := levelOf(r, field)
			return has == level || has == "edit" || has == "read" && level == "masked"
		}) {
			continue
		}
		pointer := "/fields/" + metadata.EscapePointer(field)
		if _, named := given.Fields[field]; !named {
			pointer = "/fields"
		}
		beyond = append(beyond, beyondGrant{pointer, "." + field + ": " + level})
	}
	return beyond
}

// levelOf is what rights on an object give of a field, "" for nothing: what may be edited
// is edited by who may create or update, and read by who may read.
func levelOf(r *metadata.ObjectRights, field string) string {
	level, named := r.Fields[field]
	if !named {
		level, named = r.Fields["*"]
	}
	if !named && r.Fields == nil {
		level = "edit"
	}
	switch {
	case level == "edit" && (r.Create || r.Update):
		return "edit"
	case reads(level) && r.Read:
		return "read"
	case level == "masked" && r.Read:
		return "masked"
	}
	return ""
}
