package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"formwork/engine/query"
	"formwork/engine/store"
)

// Explain implements store.Tenant from EXPLAIN QUERY PLAN, whose lines read
//
//	SEARCH t0 USING INDEX account.by_owner (owner=? AND status:t=?)
//	SCAN t0 USING COVERING INDEX account.by_owner
//	USE TEMP B-TREE FOR ORDER BY
func (t *tenant) Explain(ctx context.Context, q query.Select) (store.Plan, error) {
	var plan store.Plan
	c := newCompiler()
	s, err := c.selection(q, pageBranches(q)[0])
	if err != nil {
		return plan, err
	}
	tables := map[string]string{c.root: q.Table}
	for _, j := range c.joined {
		tables[j.alias] = j.hop.Table
	}
	conn, err := t.pool.acquire(ctx)
	if err != nil {
		return plan, err
	}
	defer t.pool.release(conn)
	lines, err := conn.explain(s)
	if err != nil {
		return plan, fmt.Errorf("explaining a query of %s: %w", q.Table, queryError(err))
	}
	for _, line := range lines {
		verb, rest, _ := strings.Cut(line, " ")
		alias, how, _ := strings.Cut(rest, " ")
		table := tables[alias]
		if index := indexOf(how, table); index != "" {
			plan.Uses = append(plan.Uses, index)
		}
		if strings.HasPrefix(line, "USE TEMP B-TREE FOR") && strings.HasSuffix(line, "ORDER BY") {
			plan.Sorted = true
		}
		// Without a condition and in order, a scan ends at the limit.
		if verb == "SCAN" && table != "" && (q.Limit == 0 || q.Filter != nil || strings.Contains(strings.Join(lines, "\n"), "B-TREE")) {
			plan.Scans = append(plan.Scans, table)
		}
	}
	slices.Sort(plan.Uses)
	plan.Uses = slices.Compact(plan.Uses)
	plan.Text = s.text + "\n" + strings.Join(lines, "\n")
	return plan, nil
}

// indexOf reads an index's name, as the metadata knows it, out of what follows
// the table in a line.
func indexOf(how, table string) string {
	for _, kind := range []string{"USING INDEX ", "USING COVERING INDEX "} {
		if name, ok := strings.CutPrefix(how, kind); ok {
			if at := strings.Index(name, " ("); at >= 0 {
				name = name[:at]
			}
			return strings.TrimPrefix(name, table+".")
		}
	}
	return ""
}
