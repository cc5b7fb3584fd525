// Package policy decides who may do what, by OPA from one bundle: its own Rego,
// with permission sets, roles and sharing rules as data, and the tenant's own
// policies. Rights on objects and fields are evaluated once per (revision, caller's
// permission sets); rights on records are compiled once per (revision, caller's
// attributes, object, action) to a query.Filter with OPA's filter compilation.
// Both are kept in bounded caches. Everything not allowed is denied.
package policy

import (
	"time"

	"formwork/engine/id"
)

// Caller is on whose behalf something is done. It is immutable.
type Caller struct {
	Tenant      string
	User        id.ID
	Name        string
	Email       string
	Permissions []string // names of permission sets, sorted
	Role        string   // name of a role, or ""
	Teams       []string // names of teams, sorted
	// Attributes are the fields of the user's record in stored form (user.region in
	// expressions, input.user.region in Rego).
	Attributes map[string]any
	Language   string // "en", "zh"
	Location   *time.Location
	Via        string // "session", "key", "import", "workflow", "command"; kept in the history
	// System passes every check; only the program itself calls so, never a request.
	System bool
}

// Action on records.
type Action string

const (
	Create Action = "create"
	Read   Action = "read"
	Update Action = "update"
	Delete Action = "delete"
)

// Rights are a caller's rights apart from single records. Immutable.
type Rights struct {
	Objects map[string]ObjectRights
	System  map[string]bool
}

// ObjectRights are a caller's rights on one object and its fields.
type ObjectRights struct {
	Create, Read, Update, Delete bool
	// Fields maps a field to "edit" or "read"; fields the caller may not read are absent.
	// System fields (id, version, created_at …) are "read" for everyone who may read
	// the object; owner is like any other field.
	Fields map[string]string
}
