package catalog

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/store"
	"formwork/metadata"
)

// Upgrade asks for other versions of packages, or for packages that are new.
type Upgrade struct {
	// Packages names packages the program brings along; with Sets empty as well: all
	// that are installed.
	Packages []string `json:"packages"`
	// Sets are packages from elsewhere.
	Sets []metadata.PackageSet `json:"-"`
	// Decisions say "ours" or "theirs" for each conflict, by its path.
	Decisions map[string]string `json:"decisions"`
	Base      int64             `json:"base"` // as in Change
	Message   string            `json:"message"`
	Allow     []string          `json:"allow"`
	// Author is as in Change. Sets are held to what the author may give; what the program
	// brings along is not the word of who installs it.
	Author *policy.Caller `json:"-"`
}

// UpgradePlan is what an upgrade would do. Conflicts without a decision are planned
// as "ours".
type UpgradePlan struct {
	Plan
	Versions  []PackageVersion
	Conflicts []metadata.Conflict
}

// PackageVersion is a package of a tenant: the version that is installed, "" if none
// is, and the one that it can be or is brought to, "" if there is none.
type PackageVersion struct {
	Name string `json:"name"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Packages lists the installed packages, lowest layer first, then those that the
// program brings along besides, with the version it brings along.
func (c *Catalog) Packages(ctx context.Context, t store.Tenant) ([]PackageVersion, error) {
	s, err := c.current(ctx, t)
	if err != nil {
		return nil, err
	}
	var versions []PackageVersion
	for _, l := range s.packages {
		version := PackageVersion{Name: l.name, From: l.version()}
		if set := c.packageSet(l.name); set != nil {
			version.To = set.Package.Version
		}
		versions = append(versions, version)
	}
	for _, set := range c.o.Packages {
		name := set.Package.Name
		if !slices.ContainsFunc(versions, func(v PackageVersion) bool { return v.Name == name }) {
			versions = append(versions, PackageVersion{Name: name, To: set.Package.Version})
		}
	}
	return versions, nil
}

// version is what the layer's own document of kind package says.
func (l layer) version() string {
	d := find(l.documents, metadata.Key{Kind: "package", Name: l.name})
	if d == nil {
		return ""
	}
	p, err := metadata.Decode[metadata.Package](*d)
	if err != nil {
		return ""
	}
	return p.Version
}

// PlanUpgrade tells what Upgrade would do, and does nothing.
func (c *Catalog) PlanUpgrade(ctx context.Context, t store.Tenant, u Upgrade) (*UpgradePlan, error) {
	base, done, err := c.begin(ctx, t)
	if err != nil {
		return nil, err
	}
	defer done()
	d, plan, _, err := c.upgrade(ctx, t, base, u)
	if err != nil {
		return nil, err
	}
	if err := c.measure(ctx, t, d); err != nil {
		return nil, err
	}
	plan.Plan = d.plan
	return plan, nil
}

// Upgrade changes the packages below a tenant's own layer by a three-way merge: what
// the tenant changed stays, what only the package changed comes in. Faults of Apply;
// and "catalog.undecided" (Invalid) with every conflict that has no decision,
// "catalog.package_needs" and "catalog.package_downgrade" (Invalid),
// "catalog.unknown_package" (NotFound).
func (c *Catalog) Upgrade(ctx context.Context, t store.Tenant, u Upgrade, by id.ID) (*Result, error) {
	return c.retry(u.Base, func() (*Result, error) {
		base, done, err := c.begin(ctx, t)
		if err != nil {
			return nil, err
		}
		defer done()
		d, _, undecided, err := c.upgrade(ctx, t, base, u)
		if err != nil {
			return nil, err
		}
		if len(undecided) > 0 {
			return nil, fault.All(fault.Invalid, "catalog.undecided", undecided)
		}
		return c.make(ctx, t, d, u.Message, by)
	})
}

func (c *Catalog) upgrade(ctx context.Context, t store.Tenant, base *state, u Upgrade) (*draft, *UpgradePlan, []*fault.Fault, error) {
	if u.Base != 0 && u.Base != base.mark.revision {
		return nil, nil, nil, fault.New(fault.Conflict, "catalog.stale", "base", u.Base, "newest", base.mark.revision)
	}
	sets, err := c.wanted(base, u)
	if err != nil {
		return nil, nil, nil, err
	}
	layers, versions, problems := replaced(base.packages, sets)
	if len(problems) > 0 {
		return nil, nil, nil, fault.All(fault.Invalid, "catalog.invalid", problems)
	}
	target := &state{packages: layers}
	above := target.base()
	merged, conflicts := metadata.Upgrade(base.base(), above, base.own)
	decisions := maps.Clone(u.Decisions)
	if decisions == nil {
		decisions = map[string]string{}
	}
	_, undecided := metadata.Decide(above, merged, conflicts, decisions)
	for _, conflict := range conflicts {
		if decisions[conflict.Path()] == "" {
			decisions[conflict.Path()] = metadata.Ours
		}
	}
	own, wrong := metadata.Decide(above, merged, conflicts, decisions)
	if len(wrong) > 0 {
		return nil, nil, nil, fault.All(fault.Invalid, "catalog.undecided", wrong)
	}
	target.own = own
	var author *policy.Caller
	if len(u.Sets) > 0 {
		author = u.Author
	}
	d, err := c.check(ctx, t, base, target, u.Allow, author)
	if err != nil {
		return nil, nil, nil, err
	}
	d.reader = u.Author
	return d, &UpgradePlan{Versions: versions, Conflicts: conflicts}, undecided, nil
}

// wanted finds the packages that an upgrade is to.
func (c *Catalog) wanted(base *state, u Upgrade) ([]metadata.PackageSet, error) {
	sets := slices.Clone(u.Sets)
	names := u.Packages
	if len(names) == 0 && len(sets) == 0 {
		for _, l := range base.packages {
			if c.packageSet(l.name) != nil {
				names = append(names, l.name)
			}
		}
	}
	for _, name := range names {
		set := c.packageSet(name)
		if set == nil {
			return nil, fault.New(fault.NotFound, "catalog.unknown_package", "package", name)
		}
		sets = append(sets, *set)
	}
	return sets, nil
}

// replaced are the layers with the wanted packages in their places, new ones on top.
func replaced(layers []layer, sets []metadata.PackageSet) ([]layer, []PackageVersion, []*fault.Fault) {
	next := slices.Clone(layers)
	var versions []PackageVersion
	var problems []*fault.Fault
	for _, set := range sets {
		name, to := set.Package.Name, set.Package.Version
		l := layer{name: name, documents: metadata.Effective(set.Documents)}
		at := slices.IndexFunc(next, func(l layer) bool { return l.name == name })
		if at < 0 {
			next = append(next, l)
			versions = append(versions, PackageVersion{Name: name, To: to})
			continue
		}
		from := next[at].version()
		if older(to, from) {
			problems = append(problems, fault.New(fault.Invalid, "catalog.package_downgrade", "package", name, "installed", from, "version", to))
		}
		next[at] = l
		versions = append(versions, PackageVersion{Name: name, From: from, To: to})
	}
	return next, versions, append(problems, missingPackages(next)...)
}

// missingPackages tells what packages require and do not find below them.
func missingPackages(layers []layer) []*fault.Fault {
	var problems []*fault.Fault
	installed := map[string]string{}
	for _, l := range layers {
		d := find(l.documents, metadata.Key{Kind: "package", Name: l.name})
		if d == nil {
			continue
		}
		p, err := metadata.Decode[metadata.Package](*d)
		if err != nil {
			problems = append(problems, fault.New(fault.Invalid, "catalog.unreadable").Because(err).At(pointerTo("package", l.name)))
			continue
		}
		for _, required := range byName(p.Requires) {
			lowest := p.Requires[required]
			if version, ok := installed[required]; !ok || older(version, lowest) {
				problems = append(problems, fault.New(fault.Invalid, "catalog.package_needs", "package", l.name, "required", required,
					"version", lowest).At(pointerTo("package", l.name)+"/requires"+step(required)))
			}
		}
		installed[l.name] = p.Version
	}
	return problems
}

// older compares versions "1.2.3"; a part that is no number counts as 0, and what
// follows a "-" is not compared.
func older(a, b string) bool { return slices.Compare(versionParts(a), versionParts(b)) < 0 }

func versionParts(v string) []int {
	parts := []int{0, 0, 0}
	v, _, _ = strings.Cut(v, "-")
	for i, part := range strings.SplitN(v, ".", len(parts)) {
		if n, err := strconv.Atoi(part); err == nil {
			parts[i] = n
		}
	}
	return parts
}
