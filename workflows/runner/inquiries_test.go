package runner_test

import (
	"fmt"
	"strings"
	"testing"
)

// answer follows the link of the last message to somebody outside, and answers by it where there are answers.
func (s *stage) answer(t *testing.T, at string, d deed) error {
	t.Helper()
	_, token, _ := strings.Cut(s.smtp.linkOf(d.Ask+"@example.com"), "#"+s.Tenant.Tenant.Name()+".")
	if d.Ask == "eve" { // who guesses
		token = strings.Repeat("A", 54)
	}
	asked, err := s.Workflows.InquiryBy(t.Context(), s.Tenant.Tenant, token)
	if err != nil {
		return err
	}
	if d.Answers != nil {
		return s.Workflows.AnswerBy(t.Context(), s.Tenant.Tenant, asked, s.values(d.Answers))
	}
	q, err := s.Workflows.Inquiry(t.Context(), s.Tenant.Tenant, asked)
	if err != nil {
		return err
	}
	var inputs []string
	for _, input := range q.Inputs {
		inputs = append(inputs, input.Field.Name)
	}
	if got := fmt.Sprintf("%s: %s | %s | %s: %s", q.Language, q.Title, q.Text, q.Thanks, strings.Join(inputs, " ")); d.Page != "" && got != d.Page {
		t.Fatalf("%s: they see\n%q, want\n%q", at, got, d.Page)
	}
	return nil
}
