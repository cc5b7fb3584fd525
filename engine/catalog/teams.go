package catalog

import (
	"context"
	"fmt"
	"slices"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata"
)

// teamObject is the object whose records are the teams. Sharing rules name them by the
// field of their name, which is unique, so that documents mean the same in every tenant.
const teamObject = "team"

// checkTeams adds to the plan the teams that its sharing rules name for the first time and
// that do not exist: a rule for them would open nothing, and nobody would be told why. The
// id of a team is taken as well, as a user's teams may have it.
func (d *draft) checkTeams(ctx context.Context, t store.Tenant) error {
	if len(d.plan.Problems) > 0 {
		return nil
	}
	teams := d.base.snapshot.Objects[teamObject] // of which there are records
	if teams == nil || teams.NameField == nil || d.target.snapshot.Objects[teamObject] == nil {
		return nil
	}
	had := Of[map[string]*policy.Sharing](d.base.snapshot, "sharing")
	added := func(rule, team string) bool {
		if find(d.target.own, key("sharing", rule)) == nil {
			return false // what a package says is no matter of who installs it
		}
		old := had[rule]
		return old == nil || !slices.Contains(old.Doc.To.Teams, team)
	}
	problems, err := missingTeams(ctx, t, teams, d.target.snapshot, added)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		d.plan.Problems, d.plan.Impact, d.effects = bounded(problems), nil, nil
	}
	return nil
}

// MissingTeams tells the teams that the sharing rules of a tenant name and that do not
// exist, or no longer do, at their places.
func (c *Catalog) MissingTeams(ctx context.Context, t store.Tenant) ([]*fault.Fault, error) {
	s, err := c.Snapshot(ctx, t)
	if err != nil {
		return nil, err
	}
	teams := s.Objects[teamObject]
	if teams == nil || teams.NameField == nil {
		return nil, nil
	}
	problems, err := missingTeams(ctx, t, teams, s, func(_, _ string) bool { return true })
	return bounded(problems), err
}

// missingTeams looks for the teams that sharing rules name, as far as they are asked about.
func missingTeams(ctx context.Context, t store.Tenant, teams *Object, s *Snapshot, asked func(rule, team string) bool) (problems []*fault.Fault, err error) {
	rules := Of[map[string]*policy.Sharing](s, "sharing")
	for _, name := range byName(rules) {
		for i, team := range rules[name].Doc.To.Teams {
			if !asked(name, team) {
				continue
			}
			exists, err := teamExists(ctx, t, teams, team)
			if err != nil {
				return nil, fmt.Errorf("looking for the team %q: %w", team, err)
			}
			if exists {
				continue
			}
			problem, err := noTeam(ctx, t, teams, team)
			if err != nil {
				return nil, fmt.Errorf("looking for teams like %q: %w", team, err)
			}
			problems = append(problems, problem.At(pointerTo("sharing", name)+"/to/teams"+index(i)))
		}
	}
	return problems, nil
}

// teamExists reports whether there is a team of a name, or with an id.
func teamExists(ctx context.Context, t store.Tenant, teams *Object, name string) (bool, error) {
	filter := query.Any{query.Is(teams.NameField.Column, name)}
	if i, ok := id.Parse(name); ok {
		filter = append(filter, query.Is(query.ID, int64(i)))
	}
	n, err := t.Count(ctx, teams.Table.Name, filter, nil, 0)
	return n > 0, err
}

// comparedTeams is how many teams a name that does not exist is compared with.
const comparedTeams = 1000

// noTeam is the fault of a team that does not exist, with the one that was nearly written.
func noTeam(ctx context.Context, t store.Tenant, teams *Object, name string) (*fault.Fault, error) {
	column := teams.NameField.Column
	var names []string
	q := query.Select{Table: teams.Table.Name, Limit: comparedTeams, Sort: []query.Order{{Ref: query.Field(query.ID)}}}
	for r, err := range store.Find(ctx, t, q, column) {
		if err != nil {
			return nil, err
		}
		names = append(names, r.Text(column))
	}
	if near, ok := metadata.Nearest(name, names); ok {
		return fault.New(fault.Invalid, "catalog.no_team_near", "name", name, "suggestion", near), nil
	}
	return fault.New(fault.Invalid, "catalog.no_team", "name", name), nil
}
