package session

import "formwork/engine/expression"

// formulaEnv is the env of a formula that stands on a record behind lookups.
type formulaEnv struct {
	expression.Env
	root string
	via  []expression.Symbol
}

// Get puts the lookups before the formula's own path.
func (f *formulaEnv) Get(p expression.Path) any {
	if p.Root == "user" {
		return f.Env.Get(p)
	}
	via := make([]expression.Symbol, 0, len(f.via)+len(p.Via))
	return f.Env.Get(expression.Path{Root: f.root, Via: append(append(via, f.via...), p.Via...), Leaf: p.Leaf})
}
