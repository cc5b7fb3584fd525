package runner_test

import (
	"strings"
	"testing"
)

// leave unsubscribes somebody by the link of the last message that they were sent.
func (s *stage) leave(t *testing.T, address string) error {
	t.Helper()
	_, token, _ := strings.Cut(s.smtp.linkOf(address), "/unsubscribe/"+s.Tenant.Tenant.Name()+"?token=")
	of, err := s.Unsubscribing.Of(t.Context(), s.Tenant.Tenant, token)
	if err != nil {
		return err
	}
	return s.Unsubscribing.Unsubscribe(t.Context(), s.Tenant.Tenant, of)
}
