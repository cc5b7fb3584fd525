package api

import (
	"encoding/json"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/draft"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/metadata"
)

// Draft is a draft of the configuration, as the API tells it.
type Draft struct {
	ID        string            `json:"id" schema:"ID"`
	Label     string            `json:"label"`
	Base      int64             `json:"base"`   // the revision that it lies over
	Newest    int64             `json:"newest"` // the revision that is in use
	At        time.Time         `json:"at"`     // when it was made
	By        string            `json:"by" schema:"ID"`
	ChangedAt time.Time         `json:"changed_at"`
	Documents []DraftedDocument `json:"documents"` // that it changes, by kind and name
}

// DraftedDocument is a document that a draft changes.
type DraftedDocument struct {
	Kind   string    `json:"kind"`
	Name   string    `json:"name"`
	Change string    `json:"change" enum:"added,changed,removed"`
	At     time.Time `json:"at"` // when it was changed last
	By     string    `json:"by" schema:"ID"`
}

// DraftLabel is what a draft is called.
type DraftLabel struct {
	Label string `json:"label"`
}

// Drafted is a document as a draft has it.
type Drafted struct {
	Document json.RawMessage `json:"document" schema:"Document"`
	Draft    Draft           `json:"draft"`
}

// DraftedDocuments are the documents of the configuration as a draft would have them.
type DraftedDocuments struct {
	Items []json.RawMessage `json:"items" schema:"Document"`
}

// DraftPlanning asks what publishing a draft would do.
type DraftPlanning struct {
	Allow []string `json:"allow,omitempty"` // what it may destroy, by the path of its impact
}

// DraftPlan is what publishing a draft would do. Conflicts are planned with what the draft says.
type DraftPlan struct {
	Plan
	// Conflicts are places that were changed otherwise by what was published since the
	// draft's base: "theirs".
	Conflicts []Conflict `json:"conflicts"`
}

// DraftDecisions decide the conflicts of a draft.
type DraftDecisions struct {
	// Decide says "ours", what the draft has, or "theirs" for each conflict, by its path.
	Decide map[string]string `json:"decide,omitempty" enum:"ours,theirs"`
}

// DraftPublishing publishes a draft.
type DraftPublishing struct {
	Message string   `json:"message,omitempty"` // kept with the revision; the draft's name when absent
	Allow   []string `json:"allow,omitempty"`   // what may be destroyed, by the path of its impact
}

// drafts is the caller's session on drafts.
func (r *request) drafts() *draft.Session { return r.server.o.Drafts.As(r.tenant, r.caller) }

// draftID is the draft in the path. Fault "draft.not_found" (NotFound).
func (r *request) draftID() (id.ID, error) { return draftOf(r.param("id")) }

func draftOf(text string) (id.ID, error) {
	key, ok := id.Parse(text)
	if !ok {
		return 0, fault.New(fault.NotFound, "draft.not_found", "id", clip(text))
	}
	return key, nil
}

// drafted is the document in the path.
func (r *request) drafted() metadata.Key {
	return metadata.Key{Kind: r.param("kind"), Name: r.param("name")}
}

// bytesOfDrafted is about what a document that a draft changes takes while it is told.
const bytesOfDrafted = 500

func draftTold(d draft.Draft) Draft {
	told := Draft{ID: d.ID.String(), Label: d.Label, Base: d.Base, Newest: d.Newest, At: d.At, By: d.By.String(), ChangedAt: d.ChangedAt, Documents: []DraftedDocument{}}
	for _, one := range d.Documents {
		told.Documents = append(told.Documents, DraftedDocument{one.Kind, one.Name, one.Change, one.At, one.By.String()})
	}
	return told
}

// tellDraft answers with a draft.
func (r *request) tellDraft(status int, d draft.Draft, err error) error {
	if err != nil {
		return byDocument(err)
	}
	return r.json(status, draftTold(d))
}

// listDrafts is GET /drafts.
func (s *Server) listDrafts(r *request) error {
	all, err := r.drafts().List(r.ctx)
	if err != nil {
		return err
	}
	answer := List[Draft]{Items: []Draft{}}
	for _, d := range all {
		if err := r.share.Hold(r.ctx, int64(len(d.Documents))*bytesOfDrafted); err != nil {
			return err
		}
		answer.Items = append(answer.Items, draftTold(d))
	}
	return r.json(fiber.StatusOK, answer)
}

// makeDraft is POST /drafts.
func (s *Server) makeDraft(r *request) error {
	var in DraftLabel
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	d, err := r.drafts().Make(r.ctx, in.Label)
	return r.tellDraft(fiber.StatusCreated, d, err)
}

// atDraft has a function do something with the draft in the path, and answers with it.
func (r *request) atDraft(do func(key id.ID) (draft.Draft, error)) error {
	key, err := r.draftID()
	if err != nil {
		return err
	}
	d, err := do(key)
	return r.tellDraft(fiber.StatusOK, d, err)
}

// getDraft is GET /drafts/{id}.
func (s *Server) getDraft(r *request) error {
	return r.atDraft(func(key id.ID) (draft.Draft, error) { return r.drafts().Get(r.ctx, key) })
}

// renameDraft is PATCH /drafts/{id}.
func (s *Server) renameDraft(r *request) error {
	var in DraftLabel
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	return r.atDraft(func(key id.ID) (draft.Draft, error) { return r.drafts().Rename(r.ctx, key, in.Label) })
}

// discardDraft is DELETE /drafts/{id}.
func (s *Server) discardDraft(r *request) error {
	key, err := r.draftID()
	if err != nil {
		return err
	}
	if err := r.drafts().Discard(r.ctx, key); err != nil {
		return err
	}
	return r.done()
}

// draftedDocuments is GET /drafts/{id}/documents.
func (s *Server) draftedDocuments(r *request) error {
	var kind string
	if err := r.query(parameter{"kind", &kind}); err != nil {
		return err
	}
	key, err := r.draftID()
	if err != nil {
		return err
	}
	all, err := r.drafts().Documents(r.ctx, key)
	if err != nil {
		return err
	}
	answer := DraftedDocuments{Items: []json.RawMessage{}}
	var size int64
	for _, d := range all {
		if kind == "" || d.Kind == kind {
			answer.Items = append(answer.Items, d.Body)
			size += int64(len(d.Body))
		}
	}
	if err := r.share.Hold(r.ctx, 2*size); err != nil {
		return err
	}
	return r.json(fiber.StatusOK, answer)
}

// editDrafted changes a document in a draft by what was sent.
func (r *request) editDrafted(edit func(key id.ID, said map[string]any) (json.RawMessage, draft.Draft, error)) error {
	key, err := r.draftID()
	if err != nil {
		return err
	}
	said, err := r.data(largeBody)
	if err != nil {
		return err
	}
	body, d, err := edit(key, said)
	if err != nil {
		return byDocument(err)
	}
	return r.json(fiber.StatusOK, Drafted{body, draftTold(d)})
}

// patchDrafted is PATCH /drafts/{id}/documents/{kind}/{name}.
func (s *Server) patchDrafted(r *request) error {
	return r.editDrafted(func(key id.ID, patch map[string]any) (json.RawMessage, draft.Draft, error) {
		return r.drafts().Patch(r.ctx, key, r.drafted(), patch)
	})
}

// DocumentPatches are merge patches of documents, by kind and name; null has one be gone.
type DocumentPatches map[string]map[string]any

// patchAllDrafted is PATCH /drafts/{id}/documents.
func (s *Server) patchAllDrafted(r *request) error {
	said, err := r.data(largeBody)
	if err != nil {
		return err
	}
	patches := map[metadata.Key]any{}
	for kind, of := range said {
		named, ok := of.(map[string]any)
		if !ok {
			return wrongKind("object", of, "/"+pointerPart.Replace(kind))
		}
		for name, patch := range named {
			if _, ok := patch.(map[string]any); !ok && patch != nil {
				return wrongKind("object", patch, "/"+pointerPart.Replace(kind)+"/"+pointerPart.Replace(name))
			}
			patches[metadata.Key{Kind: kind, Name: name}] = patch
		}
	}
	return r.atDraft(func(key id.ID) (draft.Draft, error) { return r.drafts().PatchAll(r.ctx, key, patches) })
}

// putDrafted is PUT /drafts/{id}/documents/{kind}/{name}.
func (s *Server) putDrafted(r *request) error {
	return r.editDrafted(func(key id.ID, body map[string]any) (json.RawMessage, draft.Draft, error) {
		return r.drafts().Put(r.ctx, key, r.drafted(), body)
	})
}

// removeDrafted is DELETE /drafts/{id}/documents/{kind}/{name}.
func (s *Server) removeDrafted(r *request) error {
	return r.atDraft(func(key id.ID) (draft.Draft, error) { return r.drafts().Remove(r.ctx, key, r.drafted()) })
}

// revertDrafted is POST /drafts/{id}/revert.
func (s *Server) revertDrafted(r *request) error {
	var document metadata.Key
	if err := r.decode(smallBody, &document, false); err != nil {
		return err
	}
	return r.atDraft(func(key id.ID) (draft.Draft, error) { return r.drafts().Revert(r.ctx, key, document) })
}

// planDraft is POST /drafts/{id}/plan.
func (s *Server) planDraft(r *request) error {
	var in DraftPlanning
	if err := r.decode(smallBody, &in, true); err != nil {
		return err
	}
	key, err := r.draftID()
	if err != nil {
		return err
	}
	plan, err := r.drafts().Plan(r.ctx, key, in.Allow)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, DraftPlan{PlanOf(&plan.Plan, r.language()), conflictsOf(plan.Conflicts, nil)})
}

// rebaseDraft is POST /drafts/{id}/rebase.
func (s *Server) rebaseDraft(r *request) error {
	var in DraftDecisions
	if err := r.decode(smallBody, &in, true); err != nil {
		return err
	}
	return r.atDraft(func(key id.ID) (draft.Draft, error) { return r.drafts().Rebase(r.ctx, key, in.Decide) })
}

// publishDraft is POST /drafts/{id}/publish.
func (s *Server) publishDraft(r *request) error {
	var in DraftPublishing
	if err := r.decode(smallBody, &in, true); err != nil {
		return err
	}
	key, err := r.draftID()
	if err != nil {
		return err
	}
	result, err := r.drafts().Publish(r.ctx, key, in.Message, in.Allow)
	if err != nil {
		return byDocument(err)
	}
	return r.json(fiber.StatusOK, AppliedOf(result, r.language()))
}

// DraftPeople is what publishing a draft would do to people: those who are alike together, of
// the people, objects and records that the caller may read.
type DraftPeople struct {
	Groups  []PeopleGroup `json:"groups"`
	Partial bool          `json:"partial,omitempty"` // there are more people, or there was no time for all
}

// PeopleGroup is people of the same permission sets and role.
type PeopleGroup struct {
	Sets     []string      `json:"sets"`
	Role     string        `json:"role,omitempty"`
	Count    int           `json:"count"`
	Examples []NamedOne    `json:"examples"`
	Gained   []string      `json:"gained,omitempty"` // rights on the platform
	Lost     []string      `json:"lost,omitempty"`
	Objects  []ObjectReach `json:"objects"`
}

// ObjectReach is what changes for people on an object.
type ObjectReach struct {
	Object string       `json:"object"`
	Gained []string     `json:"gained,omitempty"` // create, read, update, delete
	Lost   []string     `json:"lost,omitempty"`
	Fields []FieldReach `json:"fields,omitempty"`
	// More and Fewer are the records that the first of the examples comes to read, and those
	// that they read no more.
	More  *ReachedRecords `json:"more,omitempty"`
	Fewer *ReachedRecords `json:"fewer,omitempty"`
}

// FieldReach is a field with the right on it: edit, read, masked, or none when absent.
type FieldReach struct {
	Field  string `json:"field"`
	Before string `json:"before,omitempty" enum:"edit,read,masked"`
	After  string `json:"after,omitempty" enum:"edit,read,masked"`
}

// ReachedRecords are some records.
type ReachedRecords struct {
	Count    int64      `json:"count"`
	AtLeast  bool       `json:"at_least,omitempty"` // there are more
	Examples []NamedOne `json:"examples"`
}

// NamedOne is a person or a record with its name.
type NamedOne struct {
	ID   string `json:"id" schema:"ID"`
	Name string `json:"name"`
}

func namedOnes(some []draft.Person) []NamedOne {
	named := []NamedOne{}
	for _, one := range some {
		named = append(named, NamedOne{one.ID.String(), one.Name})
	}
	return named
}

// reached are records that people come to read, or read no more; nil for none.
func reached(r draft.Records) *ReachedRecords {
	if r.Count == 0 {
		return nil
	}
	return &ReachedRecords{r.Count, r.More, namedOnes(r.Examples)}
}

// draftPeople is POST /drafts/{id}/people.
func (s *Server) draftPeople(r *request) error {
	key, err := r.draftID()
	if err != nil {
		return err
	}
	people, err := r.drafts().People(r.ctx, key)
	if err != nil {
		return byDocument(err)
	}
	answer := DraftPeople{Groups: []PeopleGroup{}, Partial: people.Partial}
	for _, g := range people.Groups {
		told := PeopleGroup{Sets: g.Sets, Role: g.Role, Count: g.Count, Examples: namedOnes(g.Examples), Gained: g.Gained, Lost: g.Lost, Objects: []ObjectReach{}}
		for _, o := range g.Objects {
			one := ObjectReach{Object: o.Object, Gained: o.Gained, Lost: o.Lost, More: reached(o.More), Fewer: reached(o.Fewer)}
			for _, f := range o.Fields {
				one.Fields = append(one.Fields, FieldReach(f))
			}
			told.Objects = append(told.Objects, one)
		}
		answer.Groups = append(answer.Groups, told)
	}
	return r.json(fiber.StatusOK, answer)
}
