package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// metricsOf reads what a server shows, as Prometheus does.
func metricsOf(t *testing.T, url string) map[string]*dto.MetricFamily {
	t.Helper()
	response, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// value is that of the only metric of a family with a label of a value ("": any).
func value(t *testing.T, families map[string]*dto.MetricFamily, name, label string) float64 {
	t.Helper()
	for _, m := range families[name].GetMetric() {
		fits := label == ""
		for _, l := range m.GetLabel() {
			fits = fits || l.GetValue() == label
		}
		if fits {
			return m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	t.Errorf("no %s %s", name, label)
	return -1
}

// What a server shows is true of it: logins, jobs, tenants, size, backups.
func TestMetricsOfAServer(t *testing.T) {
	data, copies := t.TempDir(), t.TempDir()
	login := map[string]string{"FORMWORK_ADMIN_PASSWORD": "a given password"}
	must(t, login, "tenant", "create", "other", "--data", data)
	must(t, login, "tenant", "create", "main", "--data", data)
	began := time.Now()
	s := serve(t, data, login, "--backup-to", copies)
	s.login(t, "main", "admin@example.com", "a given password")
	for range 2 {
		s.login(t, "main", "admin@example.com", "a wrong password")
	}
	var all map[string]*dto.MetricFamily
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		all = metricsOf(t, s.url)
		if value(t, all, "formwork_backup_copies_total", "made") == 2 {
			break
		}
	}
	for _, want := range []struct {
		name, label string
		value       float64
	}{
		{"formwork_logins_total", "ok", 1}, {"formwork_logins_total", "failed", 2}, {"formwork_logins_total", "held", 0},
		{"formwork_tenants", "", 2}, {"formwork_store_full", "", 0}, {"formwork_build_info", "dev", 1},
		{"formwork_backup_copies_total", "made", 2}, {"formwork_backup_missing_tenants", "", 0},
		{"formwork_job_runs_total", "failed", 0}, {"formwork_jobs_open", "other", 0},
	} {
		if got := value(t, all, want.name, want.label); got != want.value {
			t.Errorf("%s %s is %v, want %v", want.name, want.label, got, want.value)
		}
	}
	if size := value(t, all, "formwork_store_size_bytes", ""); size < 100_000 {
		t.Errorf("the store takes %v bytes", size)
	}
	if taken := value(t, all, "formwork_backup_oldest_timestamp_seconds", ""); taken < float64(began.Unix()) || taken > float64(time.Now().Unix()+1) {
		t.Errorf("the oldest backup is of %v", taken)
	}
	for name, family := range all {
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "tenant" || strings.Contains(l.GetValue(), "main") {
					t.Errorf("%s is by tenant: %v", name, m)
				}
			}
		}
	}
}
