package session

import (
	"slices"

	"formwork/engine/expression"
	"formwork/engine/policy"
)

// ReadableEnv is the environment of a record as far as the caller may read it: a field that they may not, and what lies behind a record that they may not
// read, is empty. A formula that they may read is told as it is, whatever it is computed of.
type ReadableEnv struct {
	*Env
	rights *policy.Rights // nil: unrestricted
}

// Readable is the environment of the same record as far as the caller may read it.
func (e *Env) Readable() (*ReadableEnv, error) {
	rights, err := e.Session.Rights(e.Ctx)
	return &ReadableEnv{e, rights}, err
}

// Get implements expression.Env.
func (e *ReadableEnv) Get(p expression.Path) any {
	if e.Session.unrestricted {
		return e.Env.Get(p)
	}
	at := e.Mapping.Object.Doc.Name
	switch p.Root {
	case "", "record", "old":
	case "user":
		at = UserObject
	default: // what a run found
		return nil
	}
	visible := e.Session.visible(e.rights)
	p.Via = slices.Clone(p.Via)
	for i := range p.Via {
		if !visible(at, p.Via[i].Name) {
			return nil
		}
		at, p.Via[i].Guard = p.Via[i].Table, toGuard
	}
	if !visible(at, p.Leaf.Name) {
		return nil
	}
	return e.Env.Get(p)
}
