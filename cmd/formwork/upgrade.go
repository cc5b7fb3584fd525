package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"formwork/engine/api"
	"formwork/engine/fault"
	"formwork/metadata"
)

type upgradeCommand struct {
	where
	Packages []string          `arg:"" optional:"" name:"package" help:"Packages that come along with the server (or this program, on a store); without any: all that are installed."`
	Folder   string            `short:"f" help:"Folder of a package from elsewhere, <kind>/<name>.json." placeholder:"DIR" type:"path"`
	Decide   map[string]string `help:"What a conflict is decided to: ours or theirs. May be repeated." placeholder:"PATH=ours|theirs" mapsep:"none"`
	Allow    []string          `help:"What may be destroyed, as --plan names it." placeholder:"PATH" sep:","`
	Message  string            `short:"m" help:"What the upgrade is for; kept with the revision."`
	Plan     bool              `help:"Say what would happen, and do nothing."`
}

// upgrading is one package on its way to another version.
type upgrading struct {
	name   string
	wanted api.PackageUpgrade
	plan   api.UpgradePlan
}

// Run upgrades packages one after the other, the lowest first. Nothing is done unless
// all conflicts of all of them are decided.
func (c *upgradeCommand) Run(p *program) error {
	if c.Folder != "" && len(c.Packages) > 0 {
		return errors.New("name packages or a folder, not both")
	}
	for path, decision := range c.Decide {
		if decision != metadata.Ours && decision != metadata.Theirs {
			return fmt.Errorf("--decide %s=%s is neither %s nor %s", path, decision, metadata.Ours, metadata.Theirs)
		}
	}
	to, err := c.configuration(p)
	if err != nil {
		return err
	}
	return errors.Join(c.upgrade(p, to), to.Close())
}

func (c *upgradeCommand) upgrade(p *program, to configuration) error {
	all, err := c.wanted(p, to)
	if err != nil {
		return err
	}
	left := maps.Clone(c.Decide)
	undecided := 0
	for _, u := range all {
		if u.plan, err = to.PlanUpgrade(p.ctx, u.name, u.wanted); err != nil {
			return fmt.Errorf("planning %s: %w", u.name, err)
		}
		for _, conflict := range u.plan.Conflicts {
			if decision, ok := c.Decide[conflict.Path]; ok {
				u.wanted.Decide[conflict.Path] = decision
				delete(left, conflict.Path)
			}
		}
		undecided += len(u.plan.Conflicts) - len(u.wanted.Decide)
	}
	if len(left) > 0 {
		return fmt.Errorf("there is no conflict at %s", slices.Sorted(maps.Keys(left))[0])
	}
	if undecided > 0 || c.Plan {
		return c.show(p, to, all, undecided)
	}
	for _, u := range all {
		applied, err := to.Upgrade(p.ctx, u.name, u.wanted)
		if err != nil {
			return fmt.Errorf("upgrading %s: %w", u.name, err)
		}
		p.showVersions(u.plan)
		p.showChanges(applied.Changes)
		p.showImpact(applied.Impact)
		fmt.Fprintf(p.out, "revision %d\n", applied.Revision)
	}
	return nil
}

// wanted is what to upgrade: the package in the folder, else those named, else all
// that are installed and come along.
func (c *upgradeCommand) wanted(p *program, to configuration) ([]*upgrading, error) {
	asked := func(name string, documents ...json.RawMessage) *upgrading {
		return &upgrading{name: name, wanted: api.PackageUpgrade{Documents: documents, Decide: map[string]string{}, Message: c.Message, Allow: c.Allow}}
	}
	if c.Folder != "" {
		set, problems := metadata.ReadPackage(os.DirFS(c.Folder))
		if err := fault.All(fault.Invalid, "catalog.invalid", problems); err != nil {
			return nil, err
		}
		var documents []json.RawMessage
		for _, d := range set.Documents {
			documents = append(documents, d.Body)
		}
		return []*upgrading{asked(set.Package.Name, documents...)}, nil
	}
	known, err := to.Packages(p.ctx)
	if err != nil {
		return nil, err
	}
	var all []*upgrading
	for _, one := range known.Items {
		named := slices.Contains(c.Packages, one.Name)
		if named || len(c.Packages) == 0 && one.Version != "" && one.Available != "" {
			all = append(all, asked(one.Name))
		}
	}
	for _, name := range c.Packages {
		if !slices.ContainsFunc(known.Items, func(one api.Package) bool { return one.Name == name }) {
			return nil, fault.New(fault.NotFound, "catalog.unknown_package", "package", name)
		}
	}
	return all, nil
}

// show prints what would happen as far as it is decided. It fails if the upgrade would.
func (c *upgradeCommand) show(p *program, to configuration, all []*upgrading, undecided int) error {
	problems, refused := 0, 0
	for _, u := range all {
		plan, err := to.PlanUpgrade(p.ctx, u.name, u.wanted) // with what is decided
		if err != nil {
			return fmt.Errorf("planning %s: %w", u.name, err)
		}
		p.showVersions(plan)
		p.showChanges(plan.Changes)
		refused += p.showImpact(plan.Impact)
		p.showConflicts(plan.Conflicts)
		for _, problem := range plan.Problems {
			fmt.Fprintln(p.out, problem)
		}
		problems += len(plan.Problems)
	}
	switch {
	case problems > 0:
		return errors.New(plural(problems, "problem"))
	case undecided > 0:
		return fmt.Errorf("%s not decided; say --decide PATH=ours or PATH=theirs for each", plural(undecided, "conflict is", "conflicts are"))
	case refused > 0:
		return allowed(refused)
	}
	return nil
}

// showVersions prints which package comes to which version.
func (p *program) showVersions(plan api.UpgradePlan) {
	for _, v := range plan.Packages {
		from := v.From
		if from == "" {
			from = "(none)"
		}
		fmt.Fprintf(p.out, "%s %s -> %s\n", v.Name, from, v.To)
	}
}

// showConflicts prints conflicts with what each side says.
func (p *program) showConflicts(all []api.Conflict) {
	for _, c := range all {
		decision := c.Decision
		if decision == "" {
			decision = "not decided"
		}
		fmt.Fprintf(p.out, "! %s (%s)\n    was %s, ours %s, theirs %s\n", c.Path, decision, shown(c.Base), shown(c.Ours), shown(c.Theirs))
	}
}
