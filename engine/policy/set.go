package policy

import (
	"context"
	"time"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata"
)

// Object is an object as policies see it.
type Object struct {
	Name  string
	Names expression.Names
	// Owned records have an owner; it and the role tree decide.
	Owned bool
	// Visibility is metadata.Object's: "private" (also ""), "read" or "write".
	Visibility string
	// Parent is the lookup to the record that decides about this one; nil: it decides itself.
	Parent *expression.Symbol
	// Fields are the names of all fields, owner included.
	Fields []string
}

// Sharing is a sharing rule with its expressions compiled.
type Sharing struct {
	Doc *metadata.Sharing
	// When is on the record (and the user); nil: every record. Users is on the user
	// alone; nil if the rule names nobody that way.
	When, Users *expression.Program
	// Match has the record's path by the name of the user's field.
	Match map[string]expression.Path
}

// Config is what a Set is compiled from: effective, checked documents.
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

// Set is the compiled policy of one revision. Immutable but for its bounded
// caches, safe for concurrent use.
type Set struct {
	config Config
}

// Compile makes a Set, or says everything that is wrong. Pointers of the faults
// are "/<kind>/<name>/<JSON pointer in the document>".
func Compile(ctx context.Context, c Config) (*Set, []*fault.Fault) {
	return &Set{config: c}, nil
}

// Rights returns what the caller may do apart from single records.
func (s *Set) Rights(ctx context.Context, c *Caller) (*Rights, error) {
	return &Rights{}, nil
}

// Filter returns the condition on the records of an object with which the caller
// may do an action; the object right is part of it. nil: every record;
// query.Nothing: none.
func (s *Set) Filter(ctx context.Context, c *Caller, object string, a Action) (query.Filter, error) {
	if c != nil && c.System {
		return nil, nil
	}
	return query.Nothing, nil
}

// System is the program itself at work in a tenant: it passes everything. It must
// never be given to what a request asks for.
func System(tenant string) *Caller {
	return &Caller{Tenant: tenant, Name: "system", Language: "en", Location: time.UTC, Via: "command", System: true}
}
