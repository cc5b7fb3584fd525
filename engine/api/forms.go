package api

import (
	"strings"

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
	Title   string        `json:"title"`
	Text    string        `json:"text,omitempty"`
	Inputs  []ButtonInput `json:"inputs"`            // what they fill in, in order
	Steps   []FormStep    `json:"steps"`             // its pages, at least one, in order
	Consent string        `json:"consent,omitempty"` // what they have to agree to; absent: nothing
	// ConsentVersion is that of the text, and is sent with it.
	ConsentVersion string     `json:"consent_version,omitempty"`
	Theme          *FormTheme `json:"theme,omitempty"`
	Embed          []string   `json:"embed,omitempty"` // origins of the sites whose pages may show it within them
	Language       string     `json:"language"`        // of the texts
	Proof          FormProof  `json:"proof"`
}

// FormStep is a page of a form.
type FormStep struct {
	Label string `json:"label,omitempty"`
	// When is a condition on what is filled in before, under which the step is shown; absent: it is always, or the server decides alone.
	When   string      `json:"when,omitempty"`
	Inputs []StepInput `json:"inputs"`
}

// StepInput is what is filled in on a step.
type StepInput struct {
	Name string `json:"name"`
	When string `json:"when,omitempty"` // as that of a step
}

// FormTheme is how a form looks.
type FormTheme struct {
	Accent string `json:"accent,omitempty"` // #rrggbb
	Scheme string `json:"scheme,omitempty"` // light or dark; absent: as the browser wants it
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
	// ConsentVersion is that of the text that they read.
	ConsentVersion string `json:"consent_version,omitempty"`
	Website        string `json:"website,omitempty"` // stays empty: people don't see it
}

// TakenForm is what whoever has sent a form is told.
type TakenForm struct {
	Thanks   string `json:"thanks,omitempty"`
	Redirect string `json:"redirect,omitempty"` // the page that is opened instead
}

// getForm is GET /forms/{tenant}/{form}.
func (s *Server) getForm(r *request) error {
	t, f, err := s.publicForm(r)
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
	shown.Consent, shown.ConsentVersion = f.Agreement(language)
	shown.Embed = f.Doc.Embed
	if theme := f.Doc.Theme; theme != nil {
		shown.Theme = &FormTheme{Accent: theme.Accent, Scheme: theme.Scheme}
	}
	for _, page := range f.Pages {
		step := FormStep{Label: page.Label.In(language, page.Name), When: page.When(), Inputs: []StepInput{}}
		for _, in := range page.Inputs {
			step.Inputs = append(step.Inputs, StepInput{in.Name, f.When(in.Name)})
		}
		shown.Steps = append(shown.Steps, step)
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

// publicForm is the form that an address names. Of a tenant or a form that is not there it tells the same.
func (s *Server) publicForm(r *request) (store.Tenant, *form.Form, error) {
	t, err := s.o.Store.Tenant(r.ctx, r.param("tenant"))
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil, fault.New(fault.NotFound, "form.unknown")
	}
	if err != nil {
		return nil, nil, err
	}
	if err := r.countFor(t, 0); err != nil {
		return nil, nil, err
	}
	if r.snapshot, err = s.o.Catalog.Snapshot(r.ctx, t); err != nil {
		return nil, nil, err
	}
	f, err := form.Find(r.snapshot, r.param("form"))
	return t, f, err
}

// showFormPage is GET /f/{tenant}/{form}: the application, which the sites may show within their pages that the form names. No other page is shown so.
func (s *Server) showFormPage(r *request) error {
	_, f, err := s.publicForm(r)
	if kind := fault.KindOf(err); err != nil && kind != fault.NotFound {
		return err
	}
	if err != nil || len(f.Doc.Embed) == 0 {
		return s.showPage(r)
	}
	r.http.Response().Header.Del("X-Frame-Options") // it knows no list
	return s.showPageWithin(r, strings.Join(f.Doc.Embed, " "))
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
		f, err := s.o.Forms.Take(r.ctx, t, p, form.Sent{Form: r.param("form"), Answer: in.Answer, Values: in.Values, Consent: in.Consent, ConsentVersion: in.ConsentVersion, Trap: in.Website, Language: language})
		if err != nil {
			return err
		}
		return r.json(fiber.StatusOK, TakenForm{Thanks: f.Doc.Thanks.In(language, ""), Redirect: f.Doc.Redirect})
	})
}
