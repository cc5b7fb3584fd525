package read

import (
	"context"
	"slices"
	"strings"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/record/session"
)

// maxHavingParts bounds a condition on groups that the store can't decide.
const maxHavingParts = 500

// addHaving compiles the condition on the groups, over the columns of the rows, which the
// caller may read. The store decides it where it can; what is computed of its rows
// (averages, arithmetic) is decided here. Faults: those of package expression,
// list.bad_filter, list.filter_too_long, list.too_costly (Limited), all at /having.
func (g *aggregation) addHaving(ctx context.Context, s *Reader, a *session.Object, text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if len(text) > maxFilterLength {
		return fault.New(fault.Invalid, "list.filter_too_long", "max", maxFilterLength).At("/having")
	}
	rights, err := s.Rights(ctx)
	if err != nil {
		return err
	}
	scope := s.Scope(a, rights)
	scope.Record, scope.Queryable = groupNames{g}, false
	program, problems := expression.Compile(text, scope)
	if len(problems) > 0 {
		tellOfDots(problems, groupNames{g}.Symbols())
		return badFilter(problems, "/having")
	}
	env := session.NewCallerEnv(ctx, s.Session)
	if !program.Queryable() {
		if program.Parts() > maxHavingParts {
			return tooCostly("/having")
		}
		g.holds = func(row GroupRow) (bool, error) {
			e := groupEnv{CallerEnv: &env, row: row}
			held, err := program.Holds(&e)
			if failed := env.Failed(); failed != nil {
				return false, failed
			}
			if err != nil {
				return false, fault.From(err).At("/having")
			}
			return held, ctx.Err()
		}
		return nil
	}
	f, err := program.Filter(&env)
	if err != nil {
		return fault.From(err).At("/having")
	}
	if err := env.Failed(); err != nil {
		return err
	}
	if g.cost.count(f); g.cost.tooMuch() {
		return tooCostly("/having")
	}
	g.query.Having = f
	return nil
}

// tellOfDots tells, of a name that is the beginning of a column's, what to do: expressions can't
// name what has a dot in its name.
func tellOfDots(problems []expression.Problem, columns []string) {
	for i, p := range problems {
		name, _ := p.Params["name"].(string)
		for _, column := range columns {
			if p.Code == "expression.unknown_name" && strings.HasPrefix(column, name+".") {
				problems[i].Code, problems[i].Suggestion, problems[i].Params = "list.having_dotted", "", map[string]any{"column": column}
			}
		}
	}
}

// groupNames are the columns of the rows, as an expression names them. A reference among
// them is an id and leads nowhere.
type groupNames struct{ g *aggregation }

// Object implements expression.Names.
func (groupNames) Object() string { return "" }

// Symbols implements expression.Names.
func (n groupNames) Symbols() []string {
	var names []string
	for _, c := range n.g.columns {
		names = append(names, c.name)
	}
	slices.Sort(names)
	return names
}

// Symbol implements expression.Names.
func (n groupNames) Symbol(name string) (expression.Symbol, bool) {
	at := n.g.column(name)
	if at < 0 {
		return expression.Symbol{}, false
	}
	c := n.g.columns[at]
	symbol := expression.Symbol{Name: name, Value: c.value}
	if c.compute == nil {
		symbol.Column = n.g.query.Result(c.at).Column
	}
	return symbol, true
}

// groupEnv answers a condition on one group.
type groupEnv struct {
	*session.CallerEnv
	row GroupRow
}

// Get implements expression.Env.
func (e *groupEnv) Get(p expression.Path) any {
	if p.Root != "" {
		return e.CallerEnv.Get(p)
	}
	at := slices.IndexFunc(e.row.columns, func(c groupColumn) bool { return c.name == p.Leaf.Name })
	return e.row.values[at]
}

// filter compiles a filter of a measure. All of an aggregation are bounded together.
func (g *aggregation) filter(ctx context.Context, s *Reader, a *session.Object, text string) (query.Filter, error) {
	f, err := s.wanted(ctx, a, text)
	if err != nil || f == nil {
		return nil, err
	}
	if g.cost.count(f); g.cost.tooMuch() {
		return nil, tooCostly("/filter")
	}
	return s.Guard(ctx, f)
}
