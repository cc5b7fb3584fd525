package runner_test

import (
	"fmt"
	"testing"

	"formwork/engine/form"
)

// fillsIn sends a form as somebody outside does who took their time.
func (s *stage) fillsIn(t *testing.T, d deed) error {
	t.Helper()
	of, err := form.Find(s.Snapshot(), d.Form)
	if err != nil {
		return err
	}
	token, err := s.Forms.Token(t.Context(), s.Tenant.Tenant, of)
	if err != nil {
		return err
	}
	s.passed.Add(int64(form.Least))
	proof, err := s.Forms.ProofOf(t.Context(), s.Tenant.Tenant, token)
	if err != nil {
		return err
	}
	answer := 0
	for !form.Works(token, fmt.Sprint(answer)) {
		answer++
	}
	_, err = s.Forms.Take(t.Context(), s.Tenant.Tenant, proof, form.Sent{Form: d.Form, Answer: fmt.Sprint(answer), Values: d.Data, Language: "en"})
	return err
}
