package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/record"
	"formwork/metadata"
)

func (r *request) revision() string { return strconv.FormatInt(r.snapshot.Revision, 10) }

// unchangedSince sets the ETag of what follows from the configuration, the revision,
// and answers for a caller who has it already. What is shown according to the
// caller's rights, and in their language, has these in its tag as well.
func (r *request) unchangedSince(byRights bool) bool {
	tag := `"` + r.state() + `"`
	if byRights {
		sum := sha256.Sum256([]byte(r.language() + "\x00" + strings.Join(r.caller.Permissions, "\x00")))
		tag = `"` + r.state() + "-" + hex.EncodeToString(sum[:6]) + `"`
	}
	return r.unchanged(tag)
}

// unchanged sets the ETag of an answer, and answers for a caller who has it already.
func (r *request) unchanged(tag string) bool {
	r.http.Set(fiber.HeaderETag, tag)
	r.http.Set(fiber.HeaderCacheControl, "private, no-cache")
	for _, known := range strings.Split(r.http.Get(fiber.HeaderIfNoneMatch), ",") {
		if strings.TrimPrefix(strings.TrimSpace(known), "W/") == tag {
			r.http.Status(fiber.StatusNotModified)
			return true
		}
	}
	return false
}

// layer reads the parameter "layer": own is true for the tenant's own, which is for
// those who may see the setup.
func (r *request) layer(name string) (own bool, err error) {
	switch name {
	case "":
		return false, nil
	case "own":
		setup, err := r.setup()
		if err == nil && !setup {
			err = fault.New(fault.Forbidden, "auth.right_missing", "right", "view_setup")
		}
		return true, err
	}
	return false, fault.New(fault.Malformed, "api.bad_parameter", "name", "layer", "want", "own")
}

// Documents is the answer of GET /metadata.
type Documents struct {
	Revision int64             `json:"revision"`
	Items    []json.RawMessage `json:"items" schema:"Document"`
	// Hidden are documents of packages that the tenant's own layer hides.
	Hidden []metadata.Key `json:"hidden,omitempty"`
}

// DocumentsOf puts documents of one layer into the form of the answer.
func DocumentsOf(revision int64, documents []metadata.Document) Documents {
	answer := Documents{Revision: revision, Items: []json.RawMessage{}}
	for _, d := range documents {
		if d.Hides() {
			answer.Hidden = append(answer.Hidden, d.Key)
			continue
		}
		answer.Items = append(answer.Items, d.Body)
	}
	return answer
}

// documents is GET /metadata.
func (s *Server) documents(r *request) error {
	var kind, name string
	if err := r.query(parameter{"kind", &kind}, parameter{"layer", &name}); err != nil {
		return err
	}
	own, err := r.layer(name)
	if err != nil {
		return err
	}
	setup, err := r.setup()
	if err != nil {
		return err
	}
	if r.unchangedSince(!setup) {
		return nil
	}
	if own {
		documents, err := s.ownDocuments(r, kind)
		if err != nil {
			return err
		}
		return r.json(fiber.StatusOK, DocumentsOf(r.snapshot.Revision, documents))
	}
	raw, err := r.shownDocuments(kind)
	if err != nil {
		return err
	}
	if err := r.share.Hold(r.ctx, int64(len(raw))); err != nil {
		return err
	}
	body := append(append(append(r.buffer(), `{"revision":`...), r.revision()...), `,"items":`...)
	return r.sent(fiber.StatusOK, append(append(body, raw...), '}'))
}

// shownDocuments are the effective documents that the caller may see, of one kind or of all
// (""), sorted: a JSON array.
func (r *request) shownDocuments(kind string) ([]byte, error) {
	return r.shown("documents "+kind, func() (any, error) { return r.effectiveDocuments(kind) })
}

func (s *Server) ownDocuments(r *request, kind string) ([]metadata.Document, error) {
	all, err := s.o.Catalog.Documents(r.ctx, r.tenant, catalog.Own)
	if err != nil {
		return nil, err
	}
	var documents []metadata.Document
	for _, d := range all {
		if kind == "" || d.Kind == kind {
			documents = append(documents, d)
		}
	}
	return documents, nil
}

// effectiveDocuments are those that the caller may see, sorted; never nil.
func (r *request) effectiveDocuments(kind string) ([]json.RawMessage, error) {
	items := []json.RawMessage{}
	setup, err := r.setup()
	if err != nil {
		return nil, err
	}
	rights, err := r.snapshot.Policies.Rights(r.ctx, r.caller)
	if err != nil {
		return nil, err
	}
	keys := make([]metadata.Key, 0, len(r.snapshot.Documents))
	for key := range r.snapshot.Documents {
		if kind == "" || key.Kind == kind {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, metadata.CompareKeys)
	for _, key := range keys {
		body, err := r.shownDocument(r.snapshot.Documents[key], setup, rights)
		if err != nil {
			return nil, err
		}
		if body != nil {
			items = append(items, body)
		}
	}
	return items, nil
}

// document is GET /metadata/{kind}/{name}.
func (s *Server) document(r *request) error {
	key := metadata.Key{Kind: r.param("kind"), Name: r.param("name")}
	var name string
	if err := r.query(parameter{"layer", &name}); err != nil {
		return err
	}
	own, err := r.layer(name)
	if err != nil {
		return err
	}
	var body json.RawMessage
	if own {
		body, err = s.ownDocument(r, key)
	} else {
		body, err = r.effectiveDocument(key)
	}
	if err != nil {
		return err
	}
	if body == nil {
		return fault.New(fault.NotFound, "api.no_document", "kind", clip(key.Kind), "name", clip(key.Name))
	}
	setup, err := r.setup()
	if err != nil {
		return err
	}
	if r.unchangedSince(!setup) {
		return nil
	}
	return r.copied(fiber.StatusOK, body)
}

func (s *Server) ownDocument(r *request, key metadata.Key) (json.RawMessage, error) {
	documents, err := s.ownDocuments(r, key.Kind)
	if err != nil {
		return nil, err
	}
	for _, d := range documents {
		if d.Key == key {
			return d.Body, nil
		}
	}
	return nil, nil
}

func (r *request) effectiveDocument(key metadata.Key) (json.RawMessage, error) {
	d, ok := r.snapshot.Documents[key]
	if !ok {
		return nil, nil
	}
	setup, err := r.setup()
	if err != nil {
		return nil, err
	}
	rights, err := r.snapshot.Policies.Rights(r.ctx, r.caller)
	if err != nil {
		return nil, err
	}
	return r.shownDocument(d, setup, rights)
}

// change reads a change of the configuration.
func (r *request) change() (catalog.Change, error) {
	var change catalog.Change
	err := r.decode(largeBody, &change, false)
	change.Author = r.caller
	return change, err
}

// plan is POST /metadata/plan.
func (s *Server) plan(r *request) error {
	change, err := r.change()
	if err != nil {
		return err
	}
	plan, err := s.o.Catalog.Plan(r.ctx, r.tenant, change)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, PlanOf(plan, r.language()))
}

// apply is POST /metadata/apply.
func (s *Server) apply(r *request) error {
	change, err := r.change()
	if err != nil {
		return err
	}
	result, err := s.o.Catalog.Apply(r.ctx, r.tenant, change, r.caller.User)
	if err != nil {
		return byDocument(err)
	}
	return r.json(fiber.StatusOK, AppliedOf(result, r.language()))
}

// patchDocument is PATCH /metadata/{kind}/{name}: a merge patch on what the tenant's own
// document says, planned and published as any change.
func (s *Server) patchDocument(r *request) error {
	key := metadata.Key{Kind: r.param("kind"), Name: r.param("name")}
	change := catalog.Change{Merge: true, Author: r.caller}
	err := r.query(parameter{"message", &change.Message}, parameter{"allow", &change.Allow})
	if err != nil {
		return err
	}
	if change.Base, err = r.ifMatch(); err != nil {
		return err
	}
	patch, err := r.data(largeBody)
	if err != nil {
		return err
	}
	if _, there := r.snapshot.Documents[key]; !there {
		return fault.New(fault.NotFound, "api.no_document", "kind", clip(key.Kind), "name", clip(key.Name))
	}
	for name, is := range map[string]string{"kind": key.Kind, "name": key.Name} {
		if said, ok := patch[name]; ok && said != any(is) {
			return fault.New(fault.Invalid, "api.other_document", "name", name, "is", is).At("/" + name)
		}
		patch[name] = is
	}
	change.Documents = []json.RawMessage{metadata.Canonical(patch)}
	result, err := s.o.Catalog.Apply(r.ctx, r.tenant, change, r.caller.User)
	if err != nil {
		return byDocument(err)
	}
	return r.json(fiber.StatusOK, AppliedOf(result, r.language()))
}

// Plan is what a change of the configuration would do, as the API tells it.
type Plan struct {
	Base     int64             `json:"base"`
	Problems []Finding         `json:"problems"`
	Changes  []metadata.Change `json:"changes"`
	Impact   []Impact          `json:"impact"`
	// Warnings are of what the change allows and probably should not.
	Warnings []Finding `json:"warnings"`
}

// Impact is one effect on live data.
type Impact struct {
	Class   string `json:"class" enum:"free,backfill,narrowing,destructive"`
	Path    string `json:"path"` // what "allow" names
	Code    string `json:"code"`
	Detail  string `json:"detail"`
	Records *int64 `json:"records,omitempty"`  // concerned
	AtLeast bool   `json:"at_least,omitempty"` // there may be more of them
	Allowed bool   `json:"allowed,omitempty"`
}

// Applied is what a change of the configuration did, as the API tells it.
type Applied struct {
	Revision int64             `json:"revision"`
	Changes  []metadata.Change `json:"changes"`
	Impact   []Impact          `json:"impact"`
	Warnings []Finding         `json:"warnings"`
}

// PlanOf renders a plan in a language.
func PlanOf(p *catalog.Plan, lang string) Plan {
	return Plan{Base: p.Base, Problems: findingsOf(p.Problems, lang), Changes: changesOf(p.Changes), Impact: impactOf(p.Impact, lang), Warnings: findingsOf(p.Warnings, lang)}
}

// findingsOf tells each fault with the document that it is of.
func findingsOf(faults []*fault.Fault, lang string) []Finding {
	findings := []Finding{}
	for _, f := range faults {
		findings = append(findings, inputProblem(inDocument(f), lang))
	}
	return findings
}

// AppliedOf renders what a change did.
func AppliedOf(result *catalog.Result, lang string) Applied {
	return Applied{Revision: result.Revision, Changes: changesOf(result.Changes), Impact: impactOf(result.Impact, lang), Warnings: findingsOf(result.Warnings, lang)}
}

func changesOf(changes []metadata.Change) []metadata.Change {
	return append([]metadata.Change{}, changes...)
}

func impactOf(all []catalog.Impact, lang string) []Impact {
	impact := []Impact{}
	for _, i := range all {
		one := Impact{Class: i.Class, Path: i.Path, Records: i.Records, AtLeast: i.Partial, Allowed: i.Allowed}
		if i.Notice != nil {
			one.Code, one.Detail = i.Notice.Code, i.Notice.Text(lang)
		}
		impact = append(impact, one)
	}
	return impact
}

// byDocument names the document of every problem of a refused change.
func byDocument(err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) || len(f.Errors) == 0 {
		return err
	}
	told := *f
	told.Errors = make([]*fault.Fault, len(f.Errors))
	for i, e := range f.Errors {
		told.Errors[i] = inDocument(e)
	}
	return &told
}

// ofRequest are the members of requests that pointers may begin with.
var ofRequest = []string{"documents", "delete", "hide", "decide"}

// inDocument splits a pointer "/object/lead/fields/x" into the document and the
// pointer in it. One into the request ("/documents/3") stays.
func inDocument(f *fault.Fault) *fault.Fault {
	parts := strings.SplitN(f.Pointer, "/", 4)
	if len(parts) < 3 || slices.Contains(ofRequest, parts[1]) {
		return f
	}
	told := *f
	told.Params = map[string]any{"document": parts[1] + "/" + parts[2]}
	for name, v := range f.Params {
		told.Params[name] = v
	}
	told.Pointer = ""
	if len(parts) == 4 {
		told.Pointer = "/" + parts[3]
	}
	return &told
}

// Revision is one state of the configuration.
type Revision struct {
	Revision int64     `json:"revision"`
	Message  string    `json:"message"`
	At       time.Time `json:"at"`
	By       string    `json:"by"` // the user's id; empty for the program itself
}

// revisions is GET /metadata/revisions.
func (s *Server) revisions(r *request) error {
	var before int64
	var limit int
	if err := r.query(parameter{"cursor", &before}, parameter{"limit", &limit}); err != nil {
		return err
	}
	if limit > record.MaxLimit {
		return fault.New(fault.Invalid, "list.bad_limit", "max", record.MaxLimit).At("/limit")
	}
	if limit == 0 {
		limit = record.DefaultLimit
	}
	all, err := s.o.Catalog.Revisions(r.ctx, r.tenant, before, limit+1)
	if err != nil {
		return err
	}
	answer := Page[Revision]{Items: []Revision{}}
	for i, one := range all {
		if i == limit {
			next := strconv.FormatInt(all[i-1].Number, 10)
			answer.Next = &next
			break
		}
		answer.Items = append(answer.Items, Revision{one.Number, one.Message, one.At, one.By.String()})
	}
	return r.json(fiber.StatusOK, answer)
}

// Difference is what differs between two revisions.
type Difference struct {
	From    int64             `json:"from"`
	To      int64             `json:"to"`
	Changes []metadata.Change `json:"changes"`
}

// diff is GET /metadata/diff: from the revision before "to" and to the newest, where
// they are not given.
func (s *Server) diff(r *request) error {
	var from, to int64
	if err := r.query(parameter{"from", &from}, parameter{"to", &to}); err != nil {
		return err
	}
	if to == 0 {
		to = r.snapshot.Revision
	}
	if from == 0 {
		from = max(to-1, 1)
	}
	changes, err := s.o.Catalog.Diff(r.ctx, r.tenant, from, to)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, Difference{from, to, changesOf(changes)})
}

// restoration reads to what configuration to go back.
func (r *request) restoration() (catalog.Restoration, error) {
	back := catalog.Restoration{Author: r.caller}
	if err := r.decode(smallBody, &back, false); err != nil {
		return back, err
	}
	switch {
	case back.To <= 0:
		return back, fault.New(fault.Invalid, "api.missing_member", "name", "to").At("/to")
	case back.Kind == "" && back.Name != "":
		return back, fault.New(fault.Invalid, "api.missing_member", "name", "kind").At("/kind")
	case back.Kind != "" && back.Name == "":
		return back, fault.New(fault.Invalid, "api.missing_member", "name", "name").At("/name")
	}
	return back, nil
}

// planRollback is POST /metadata/rollback/plan.
func (s *Server) planRollback(r *request) error {
	back, err := r.restoration()
	if err != nil {
		return err
	}
	plan, err := s.o.Catalog.PlanRollback(r.ctx, r.tenant, back)
	if err != nil {
		return byDocument(err)
	}
	return r.json(fiber.StatusOK, PlanOf(plan, r.language()))
}

// rollback is POST /metadata/rollback.
func (s *Server) rollback(r *request) error {
	back, err := r.restoration()
	if err != nil {
		return err
	}
	result, err := s.o.Catalog.Rollback(r.ctx, r.tenant, back, r.caller.User)
	if err != nil {
		return byDocument(err)
	}
	return r.json(fiber.StatusOK, AppliedOf(result, r.language()))
}
