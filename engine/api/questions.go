package api

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/store"
	"formwork/workflows/inquiry"
)

// AskedQuestion is what somebody outside is asked who followed a link that they were sent. Of the record it tells what the texts do.
type AskedQuestion struct {
	Title    string        `json:"title"`
	Text     string        `json:"text,omitempty"`
	Thanks   string        `json:"thanks,omitempty"` // what they are told who have answered
	Inputs   []ButtonInput `json:"inputs"`           // what they fill in, in order
	Language string        `json:"language"`         // in which they are asked
	OpenTill time.Time     `json:"open_till"`        // until when the link can be used
}

// getQuestion is GET /questions/{tenant}. It answers nothing: those who look through mail for people follow links.
func (s *Server) getQuestion(r *request) error {
	return byProof(r, s.links, r.bearer(), s.o.Workflows.InquiryBy, func(t store.Tenant, asked *inquiry.Inquiry) error {
		q, err := s.o.Workflows.Inquiry(r.ctx, t, asked)
		if err != nil {
			return err
		}
		answer := AskedQuestion{Title: q.Title, Text: q.Text, Thanks: q.Thanks, Inputs: []ButtonInput{}, Language: cmp.Or(q.Language, r.language()), OpenTill: q.Due.UTC()}
		for _, input := range q.Inputs {
			var begins json.RawMessage
			if f := input.Field; f.Initial != nil {
				begins = f.Value.AppendJSON(nil, f.Initial)
			}
			shown, err := r.showInput(input, begins)
			if err != nil {
				return err
			}
			answer.Inputs = append(answer.Inputs, shown)
		}
		return r.json(fiber.StatusOK, answer)
	})
}

// answerQuestion is POST /questions/{tenant}.
func (s *Server) answerQuestion(r *request) error {
	return byProof(r, s.links, r.bearer(), s.o.Workflows.InquiryBy, func(t store.Tenant, asked *inquiry.Inquiry) error {
		var in RunInputs
		if err := r.decode(smallBody, &in, false); err != nil {
			return err
		}
		if err := s.o.Workflows.AnswerBy(r.ctx, t, asked, in.Inputs); err != nil {
			return err
		}
		return r.done()
	})
}
