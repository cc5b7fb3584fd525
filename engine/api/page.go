package api

import (
	"encoding/json"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/workflows/approval"
	"formwork/workflows/runner"
)

// OpenRecord is a record with all that its page shows when it is opened.
type OpenRecord struct {
	Record  Record                 `json:"record"`
	Names   Names                  `json:"names"`   // of what the record and its history refer to
	Layout  *string                `json:"layout"`  // null: there is none
	Form    *Form                  `json:"form"`    // of the record as it is stored; null: the caller may not change it
	Can     Can                    `json:"can"`     // what the caller may do with the record
	Related map[string]OpenRelated `json:"related"` // by the name that the layout gives them; one that the caller may not read is absent
	History Page[HistoryEntry]     `json:"history"` // its newest part
	// Following says that the caller follows the record.
	Following bool              `json:"following"`
	Workflows []Button          `json:"workflows"` // that the caller may set off on the record now
	Documents []PrintedDocument `json:"documents"` // that are printed of the record
	// Approvals are what people were asked to decide about the record, newest first: at most 20.
	Approvals []Approval `json:"approvals"`
	Ran       bool       `json:"ran"`       // workflows have run on the record
	Favourite bool       `json:"favourite"` // it is among the caller's
	Comments  int64      `json:"comments"`  // how many there are; 1,000 stands for more, too
}

// OpenRelated is the beginning of a related list.
type OpenRelated struct {
	Object    string          `json:"object"`
	Items     []RelatedRecord `json:"items"`
	Next      *string         `json:"next"` // the cursor of the next page; null: there are no more
	Total     *int64          `json:"total,omitempty"`
	TotalMore bool            `json:"total_more,omitempty"` // there are more than Total, which is where counting ended
	Names     Names           `json:"names,omitempty"`      // of what the items refer to
	CanCreate bool            `json:"can_create"`           // a record in the list
}

// Can is what the caller may do with a record, as far as their rights decide.
type Can = record.Can

// openRecord is GET /records/{object}/{id}/page.
func (s *Server) openRecord(r *request) error {
	rec, err := r.recordID()
	if err != nil {
		return err
	}
	var q record.PageQuery
	if err := r.query(parameter{"layout", &q.Layout}, parameter{"device", &q.Device}); err != nil {
		return err
	}
	found, err := r.records().Page(r.ctx, r.object(), rec, q)
	if err != nil {
		return err
	}
	around, err := r.around(rec)
	if err != nil {
		return err
	}
	body, err := r.appendOpen(r.buffer(), found, around)
	if err != nil {
		return err
	}
	if err := r.share.Hold(r.ctx, 2*int64(len(body))); err != nil { // with the record and its form
		return err
	}
	return r.sent(fiber.StatusOK, body)
}

// around is what a page shows that is no part of its record: what the caller has marked, and what people say.
type around struct {
	following bool
	favourite bool
	comments  int64
	workflows []Button
	documents []PrintedDocument
	approvals []Approval
	ran       bool
}

// pageApprovals is how many requests for approval the page of a record shows.
const pageApprovals = 20

// around finds that of a record that the caller may read.
func (r *request) around(key id.ID) (found around, err error) {
	session := r.collaboration()
	if found.following, err = session.Following(r.ctx, r.object(), key); err != nil {
		return found, err
	}
	if found.favourite, err = r.workspace().Marked(r.ctx, r.object(), key); err != nil {
		return found, err
	}
	found.documents = r.documentsOf(r.object())
	if found.workflows, err = r.buttons(key); err != nil {
		return found, err
	}
	asked, err := approval.OfRecord(r.ctx, r.tenant, r.object(), key, pageApprovals)
	if err != nil {
		return found, err
	}
	if found.approvals, err = r.showApprovals(asked); err != nil {
		return found, err
	}
	if found.ran, err = runner.Ran(r.ctx, r.tenant, key); err != nil {
		return found, err
	}
	found.comments, err = session.CountComments(r.ctx, r.object(), key)
	return found, err
}

// appendOpen appends an OpenRecord.
func (r *request) appendOpen(b []byte, p *record.RecordPage, found around) ([]byte, error) {
	b = p.Record.AppendJSON(append(b, `{"record":`...))
	b = p.Names.AppendJSON(append(b, `,"names":`...))
	var form *Form
	if p.Form != nil {
		shown := formIn(r.language(), p.Form)
		form = &shown
	}
	for _, member := range []struct {
		name  string
		value any
	}{{"layout", p.Layout}, {"form", form}, {"can", p.Can}, {"following", found.following}, {"favourite", found.favourite}, {"comments", found.comments}, {"workflows", found.workflows}, {"documents", found.documents}, {"approvals", found.approvals}, {"ran", found.ran}} {
		raw, err := json.Marshal(member.value)
		if err != nil {
			return b, fmt.Errorf("writing the page of a record: %w", err)
		}
		b = append(append(append(append(b, `,"`...), member.name...), `":`...), raw...)
	}
	b = append(b, `,"related":{`...)
	for i, list := range p.Lists {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, list.Name), `:{"object":`...)
		b = append(appendString(b, list.Object), ',')
		b = appendPage(b, list.Page)
		b = append(b, `,"can_create":`...)
		b = append(fmt.Append(b, list.CanCreate), '}')
	}
	b = r.appendHistory(append(b, `},"history":{`...), p.History)
	return append(b, "}}"...), nil
}
