package api

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/metadata"
)

// Package is a package of a tenant, as the API tells it.
type Package struct {
	Name string `json:"name"`
	// Version is the installed one; "" if it is not installed.
	Version string `json:"version,omitempty"`
	// Available is the version that comes along with the server; "" if none does.
	Available string `json:"available,omitempty"`
}

// PackageUpgrade asks for another version of a package.
type PackageUpgrade struct {
	// Documents are the whole of the package, its own document among them; none: what
	// comes along with the server.
	Documents []json.RawMessage `json:"documents,omitempty" schema:"Document"`
	// Decide says "ours" or "theirs" for each conflict, by its path.
	Decide  map[string]string `json:"decide,omitempty" enum:"ours,theirs"`
	Base    int64             `json:"base,omitempty"` // the revision that this was planned for; the newest when absent
	Message string            `json:"message,omitempty"`
	Allow   []string          `json:"allow,omitempty"` // what may be destroyed, by its path
}

// UpgradePlan is what an upgrade would do, as the API tells it. Undecided conflicts
// are planned as "ours".
type UpgradePlan struct {
	Plan
	Packages  []catalog.PackageVersion `json:"packages"`
	Conflicts []Conflict               `json:"conflicts"`
}

// Conflict is a place that both sides changed: the package and the tenant, or what was published and
// a draft. Values that are left out are not there.
type Conflict struct {
	Path     string          `json:"path"`                                  // what "decide" names
	Decision string          `json:"decision,omitempty" enum:"ours,theirs"` // as asked for
	Base     json.RawMessage `json:"base,omitempty"`                        // before
	Theirs   json.RawMessage `json:"theirs,omitempty"`                      // the package's, or what was published
	Ours     json.RawMessage `json:"ours,omitempty"`                        // the tenant's, or the draft's
}

// UpgradePlanOf renders a plan of an upgrade in a language.
func UpgradePlanOf(p *catalog.UpgradePlan, decide map[string]string, lang string) UpgradePlan {
	return UpgradePlan{Plan: PlanOf(&p.Plan, lang), Packages: append([]catalog.PackageVersion{}, p.Versions...), Conflicts: conflictsOf(p.Conflicts, decide)}
}

// conflictsOf tells conflicts, with what they are decided to.
func conflictsOf(conflicts []metadata.Conflict, decide map[string]string) []Conflict {
	told := []Conflict{}
	for _, c := range conflicts {
		path := c.Path()
		told = append(told, Conflict{Path: path, Decision: decide[path], Base: c.Base, Theirs: c.Theirs, Ours: c.Ours})
	}
	return told
}

// UpgradeTo is what the catalog is asked for, for the named package. Faults
// "api.wrong_package" and "catalog.invalid" with every problem (Invalid).
func (u PackageUpgrade) UpgradeTo(name string) (catalog.Upgrade, error) {
	asked := catalog.Upgrade{Decisions: u.Decide, Base: u.Base, Message: u.Message, Allow: u.Allow}
	if len(u.Documents) == 0 {
		asked.Packages = []string{name}
		return asked, nil
	}
	if len(u.Documents) > catalog.MaxDocuments {
		return asked, fault.New(fault.TooLarge, "catalog.too_many_documents", "max", catalog.MaxDocuments)
	}
	var documents []metadata.Document
	var problems []*fault.Fault
	seen := map[metadata.Key]bool{}
	for i, raw := range u.Documents {
		at := "/documents/" + strconv.Itoa(i)
		d, wrong := metadata.Parse(raw)
		if len(wrong) == 0 && seen[d.Key] {
			wrong = []*fault.Fault{fault.New(fault.Invalid, "catalog.twice", "key", d.Key.String())}
		}
		for _, problem := range wrong {
			problems = append(problems, problem.Under(at))
		}
		seen[d.Key] = true
		documents = append(documents, d)
	}
	if len(problems) > 0 {
		return asked, fault.All(fault.Invalid, "catalog.invalid", problems)
	}
	set, problems := metadata.PackageOf(documents)
	if len(problems) > 0 {
		return asked, fault.All(fault.Invalid, "catalog.invalid", problems)
	}
	if set.Package.Name != name {
		return asked, fault.New(fault.Invalid, "api.wrong_package", "package", set.Package.Name, "want", clip(name)).At("/documents")
	}
	asked.Sets = []metadata.PackageSet{set}
	return asked, nil
}

// Packages is the answer of GET /metadata/packages.
type Packages struct {
	Items []Package `json:"items"`
}

// PackagesOf puts versions of packages into the form of the answer.
func PackagesOf(versions []catalog.PackageVersion) Packages {
	all := Packages{Items: []Package{}}
	for _, v := range versions {
		all.Items = append(all.Items, Package{Name: v.Name, Version: v.From, Available: v.To})
	}
	return all
}

// packages is GET /metadata/packages.
func (s *Server) packages(r *request) error {
	versions, err := s.o.Catalog.Packages(r.ctx, r.tenant)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, PackagesOf(versions))
}

// planUpgrade is POST /metadata/packages/{name}/plan.
func (s *Server) planUpgrade(r *request) error {
	wanted, asked, err := r.upgrade()
	if err != nil {
		return err
	}
	plan, err := s.o.Catalog.PlanUpgrade(r.ctx, r.tenant, asked)
	if err != nil {
		return byDocument(err)
	}
	return r.json(fiber.StatusOK, UpgradePlanOf(plan, wanted.Decide, r.language()))
}

// upgrade is POST /metadata/packages/{name}/upgrade.
func (s *Server) upgrade(r *request) error {
	_, asked, err := r.upgrade()
	if err != nil {
		return err
	}
	result, err := s.o.Catalog.Upgrade(r.ctx, r.tenant, asked, r.caller.User)
	if err != nil {
		return byDocument(err)
	}
	return r.json(fiber.StatusOK, AppliedOf(result, r.language()))
}

// upgrade reads what is asked for the package of the path.
func (r *request) upgrade() (PackageUpgrade, catalog.Upgrade, error) {
	var wanted PackageUpgrade
	if err := r.decode(largeBody, &wanted, true); err != nil {
		return wanted, catalog.Upgrade{}, err
	}
	asked, err := wanted.UpgradeTo(r.param("name"))
	asked.Author = r.caller
	return wanted, asked, byDocument(err)
}

// Advice is a list of a view or layout that reads or sorts more than it shows.
type Advice struct {
	Source  string   `json:"source"` // the document, as kind/name
	Object  string   `json:"object"`
	Owned   bool     `json:"owned"`   // as somebody asks who sees the own records only
	Scans   bool     `json:"scans"`   // all records are read
	Sorts   bool     `json:"sorts"`   // records are sorted after they were read
	Uses    []string `json:"uses"`    // indexes that help a little
	Columns []string `json:"columns"` // of an index that would fit
	Text    string   `json:"text"`    // how the store goes about it
}

// advice is GET /metadata/advice.
func (s *Server) advice(r *request) error {
	advice, err := s.o.Catalog.Advise(r.ctx, r.tenant)
	if err != nil {
		return err
	}
	answer := List[Advice]{Items: []Advice{}}
	for _, a := range advice {
		answer.Items = append(answer.Items, Advice{a.Source, a.Object, a.Owned, a.Scans, a.Sorts, append([]string{}, a.Uses...), append([]string{}, a.Columns...), a.Text})
	}
	return r.json(fiber.StatusOK, answer)
}

// Indexes are those of a tenant's objects, and those that the use of lists asks for.
type Indexes struct {
	Indexes []Index       `json:"indexes"`
	Wanted  []WantedIndex `json:"wanted"`
}

// Index is an index of an object.
type Index struct {
	Object  string     `json:"object"`
	Name    string     `json:"name"`
	Columns []string   `json:"columns"`                                                        // names of fields, "-" before those that descend
	Reason  string     `json:"reason" enum:"key,reference,owner,configured,on_demand,nothing"` // why it is there
	Built   bool       `json:"built"`                                                          // false: it is still to be made
	Uses    int64      `json:"uses"`                                                           // of lists and aggregations that it serves, as far as they are known
	UsedAt  *time.Time `json:"used_at"`                                                        // null: not known
	MadeAt  *time.Time `json:"made_at"`                                                        // since when it is there on demand; null for others
}

// WantedIndex is one that would serve lists that were used.
type WantedIndex struct {
	Object  string     `json:"object"`
	Columns []string   `json:"columns"`
	Uses    int64      `json:"uses"` // in all
	Day     int64      `json:"day"`  // on the last day of use
	UsedAt  *time.Time `json:"used_at"`
	Reason  string     `json:"reason" enum:"few_uses,few_records,no_room,soon"` // why it is not there
}

// indexes is GET /metadata/indexes.
func (s *Server) indexes(r *request) error {
	states, wanted, err := s.o.Catalog.Indexes(r.ctx, r.tenant)
	if err != nil {
		return err
	}
	answer := Indexes{Indexes: []Index{}, Wanted: []WantedIndex{}}
	for _, i := range states {
		answer.Indexes = append(answer.Indexes, Index{i.Object, i.Name, append([]string{}, i.Columns...), i.Reason, i.Built, i.Uses, maybe(i.UsedAt), maybe(i.MadeAt)})
	}
	for _, w := range wanted {
		answer.Wanted = append(answer.Wanted, WantedIndex{w.Object, append([]string{}, w.Columns...), w.Uses, w.Day, maybe(w.UsedAt), w.Reason})
	}
	return r.json(fiber.StatusOK, answer)
}
