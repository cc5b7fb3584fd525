package main

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestSecureFlags(t *testing.T) {
	for _, c := range []struct {
		name, says string
		flags      secure
	}{
		{"a certificate without a key", "go together", secure{TLSCert: "cert.pem"}},
		{"a key without a certificate", "go together", secure{TLSKey: "key.pem"}},
		{"both ways", "exclude each other", secure{TLSCert: "cert.pem", TLSKey: "key.pem", ACMEDomain: []string{"crm.example"}}},
		{"an authority for nothing", "--acme-domain", secure{ACMEDirectory: "https://acme.example"}},
		{"no place to keep them", "--acme-cache", secure{ACMEDomain: []string{"crm.example"}}},
		{"files that are not there", "looking at the certificate", secure{TLSCert: "none/cert.pem", TLSKey: "none/key.pem"}},
	} {
		if config, err := c.flags.config("", time.Now, slog.Default()); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v", c.name, config, err)
		}
	}
	if config, err := (secure{}).config("", time.Now, slog.Default()); config != nil || err != nil {
		t.Errorf("without flags: %v, %v", config, err)
	}
	if config, err := (secure{ACMEDomain: []string{"crm.example"}}).config(t.TempDir(), time.Now, slog.Default()); config == nil || err != nil {
		t.Errorf("with a data folder: %v, %v", config, err)
	}
}
