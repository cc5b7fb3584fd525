// Package policy decides who may do what, by OPA from one bundle: its own Rego,
// with permission sets, roles and sharing rules as data, and the tenant's own
// policies. Rights on objects and fields are evaluated once per (revision, caller's
// permission sets); rights on records are compiled once per (revision, caller's
// attributes, object, action) to a query.Filter with OPA's filter compilation.
// Both are kept in bounded caches. Everything not allowed is denied.
//
// # A tenant's own Rego
//
// A document of kind policy holds a module of package formwork.custom.<name> with
// rules allow (widens what is reached on its object) or deny (narrows it, for
// everybody but the program itself), over
//
//   - input.action ("create", "read", "update", "delete") and input.object;
//   - input.user: id, name, email, language, role, permissions, teams, and every field
//     of the user's record;
//   - input.record.<field>, through lookups too (input.record.account.industry).
//
// Values are those that the API shows: decimals as numbers (of at most 15 digits in a
// policy), dates, instants and ids as texts. An empty field is null, of the record
// and the user alike, and so is what lies behind an empty lookup; nothing is
// undefined. Rego orders null before every value, so input.record.amount < 5 holds
// where there is no amount, unlike in expressions; instants are compared as instants.
//
// Only what becomes a filter is accepted: a field of the record is compared (==, !=,
// <, <=, >, >=), looked for (in), or searched (startswith, endswith, contains), with
// what does not depend on the record. Rules may use and negate each other. There is
// no with, every, comprehension, rule that collects, arithmetic or clock; see custom.go.
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
	Language   string // "en", "zh", or one of the configuration's texts: "de", "de-AT"
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
	// Where records may be created and not read, they are those that may be given.
	// System fields (id, version, created_at …) are "read" for everyone who may read
	// the object; owner is like any other field.
	Fields map[string]string
	// Masked are the fields of which the caller may know what a mask leaves of their values,
	// and nothing more: they count as fields that may not be read.
	Masked map[string]bool
}
