package api

import (
	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/form"
	"formwork/engine/store"
	"formwork/workflows"
)

// What is sent by forms within a minute: from one address by one of them, and by each from all.
const (
	formsOfAddress = 20
	formsInAll     = 600
)

// PublicForm is a form as people outside are shown it.
type PublicForm struct {
	Title    string        `json:"title"`
	Text     string        `json:"text,omitempty"`
	Inputs   []ButtonInput `json:"inputs"`            // what they fill in, in order
	Consent  string        `json:"consent,omitempty"` // what they have to agree to; absent: nothing
	Language string        `json:"language"`          // of the texts
	Proof    FormProof     `json:"proof"`
}

// FormProof is what whoever sends a form shows that they opened it and are none of ten thousand.
type FormProof struct {
	Token string `json:"token"` // is sent as Authorization: Bearer; good for twelve hours, and once
	Bits  int    `json:"bits"`  // the SHA-256 of the token, a space and the answer has to begin with so many zeros
	After int    `json:"after"` // seconds before which nothing is taken
}

// SentForm is what somebody sends by a form.
type SentForm struct {
	Answer  string         `json:"answer"` // to the proof
	Values  map[string]any `json:"values"`
	Consent bool           `json:"consent,omitempty"`
	Website string         `json:"website,omitempty"` // stays empty: people don't see it
}

// TakenForm is what whoever has sent a form is told.
type TakenForm struct {
	Thanks   string `json:"thanks,omitempty"`
	Redirect string `json:"redirect,omitempty"` // the page that is opened instead
}

// getForm is GET /forms/{tenant}/{form}. Of a tenant or a form that is not there it tells the same.
func (s *Server) getForm(r *request) error {
	t, err := s.o.Store.Tenant(r.ctx, r.param("tenant"))
	if fault.KindOf(err) == fault.NotFound {
		return fault.New(fault.NotFound, "form.unknown")
	}
	if err != nil {
		return err
	}
	if err := r.countFor(t, 0); err != nil {
		return err
	}
	if r.snapshot, err = s.o.Catalog.Snapshot(r.ctx, t); err != nil {
		return err
	}
	f, err := form.Find(r.snapshot, r.param("form"))
	if err != nil {
		return err
	}
	token, err := s.o.Forms.Token(r.ctx, t, f)
	if err != nil {
		return err
	}
	language := r.language()
	shown := PublicForm{Title: f.Doc.Label.In(language, f.Doc.Name), Text: f.Doc.Text.In(language, ""), Inputs: []ButtonInput{}, Language: language,
		Proof: FormProof{Token: token, Bits: form.Bits, After: int(form.Least.Seconds())}}
	if f.Consent != nil {
		shown.Consent = f.Doc.Consent.Text.In(language, "")
	}
	for _, f := range f.Inputs {
		input, err := r.showInput(workflows.Input{Field: f}, nil)
		if err != nil {
			return err
		}
		shown.Inputs = append(shown.Inputs, input)
	}
	return r.json(fiber.StatusOK, shown)
}

// sendForm is POST /forms/{tenant}/{form}.
func (s *Server) sendForm(r *request) error {
	name := r.param("tenant") + " " + r.param("form")
	if seconds := s.sent.take(r.client()+" "+clip(name), formsOfAddress); seconds > 0 {
		return fault.New(fault.Limited, "form.too_many", "seconds", seconds)
	}
	return byProof(r, s.forms, r.bearer(), s.o.Forms.ProofOf, func(t store.Tenant, p *form.Proof) error {
		if seconds := s.sent.take(name, formsInAll); seconds > 0 {
			return fault.New(fault.Limited, "form.too_many", "seconds", seconds)
		}
		var in SentForm
		err := r.decode(smallBody, &in, false)
		if err != nil {
			return err
		}
		if r.snapshot, err = s.o.Catalog.Snapshot(r.ctx, t); err != nil {
			return err
		}
		language := r.language()
		f, err := s.o.Forms.Take(r.ctx, t, p, form.Sent{Form: r.param("form"), Answer: in.Answer, Values: in.Values, Consent: in.Consent, Trap: in.Website, Language: language})
		if err != nil {
			return err
		}
		return r.json(fiber.StatusOK, TakenForm{Thanks: f.Doc.Thanks.In(language, ""), Redirect: f.Doc.Redirect})
	})
}
