// Package obs is what a node counts and times for the person who runs it, in the form that Prometheus reads. It knows
// names and numbers only: a label's value is an enum, a route's id or a pattern of addresses. It refuses to take
// anything about a person, and to count more than a bounded number of label values.
package obs

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Meter holds a node's instruments. A nil Meter counts nothing, so that whoever counts need not ask whether anybody
// listens. It is safe for concurrent use.
type Meter struct {
	registry *prometheus.Registry

	handoffs  *prometheus.CounterVec
	handoff   *prometheus.HistogramVec
	outcomes  *prometheus.CounterVec
	receipts  *prometheus.CounterVec
	receipt   *prometheus.HistogramVec
	delivered *prometheus.CounterVec
	jobs      *prometheus.HistogramVec
	requests  *prometheus.HistogramVec
}

// Buckets in seconds. Hand-offs range from milliseconds to the hours that a campaign may wait.
var (
	fast = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	long = []float64{.01, .05, .25, 1, 5, 15, 60, 300, 900, 3600, 14400}
)

// New makes a meter with the process's own figures (memory, goroutines, processor time).
func New() *Meter {
	m := &Meter{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	count := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "carillon_" + name, Help: help}, labels)
		m.registry.MustRegister(v)
		return v
	}
	timed := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "carillon_" + name, Help: help, Buckets: buckets}, labels)
		m.registry.MustRegister(v)
		return v
	}
	m.handoffs = count("handoff_permits_total", "What was said when a part of a text was about to be written to the line.", "route", "permit")
	m.handoff = timed("handoff_delay_seconds", "From when a text was due to when it was written to the line.", long, "route")
	m.outcomes = count("outcomes_total", "Answers of carriers to parts of texts, by class; throttle among them.", "route", "class")
	m.receipts = count("receipts_total", "Delivery receipts, by the state that they tell.", "route", "state")
	m.receipt = timed("receipt_commit_seconds", "From a receipt's arrival to its being durable and acknowledged.", fast, "route")
	m.delivered = count("inbound_deliveries_total", "Texts and parts of texts from phones, as the carrier delivered them.", "route")
	m.jobs = timed("job_seconds", "How long jobs took, by how they ended.", long, "kind", "outcome")
	m.requests = timed("http_request_seconds", "Requests by route pattern and status; event streams last as long as a page is open.", fast, "pattern", "status")
	return m
}

// Handler answers a scrape.
func (m *Meter) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2})
}

// Permit notes what the guard said of a part about to be written, and how late the text was if it was let go.
func (m *Meter) Permit(route, permit string, sent bool, late time.Duration) {
	if m == nil {
		return
	}
	m.handoffs.WithLabelValues(route, permit).Inc()
	if sent {
		m.handoff.WithLabelValues(route).Observe(max(late, 0).Seconds())
	}
}

// Outcome notes a carrier's answer.
func (m *Meter) Outcome(route, class string) {
	if m != nil {
		m.outcomes.WithLabelValues(route, class).Inc()
	}
}

// Receipt notes a receipt that came.
func (m *Meter) Receipt(route, state string) {
	if m != nil {
		m.receipts.WithLabelValues(route, state).Inc()
	}
}

// ReceiptKept notes how long a receipt took to become durable.
func (m *Meter) ReceiptKept(route string, took time.Duration) {
	if m != nil {
		m.receipt.WithLabelValues(route).Observe(took.Seconds())
	}
}

// Delivered notes a text, or a part of one, from a phone.
func (m *Meter) Delivered(route string) {
	if m != nil {
		m.delivered.WithLabelValues(route).Inc()
	}
}

// Job notes a job that ended; outcome is ok or the kind of its error.
func (m *Meter) Job(kind, outcome string, took time.Duration) {
	if m != nil {
		m.jobs.WithLabelValues(kind, outcome).Observe(took.Seconds())
	}
}

// Request notes an answered request. pattern is the route's, never the address that was asked for.
func (m *Meter) Request(pattern, status string, took time.Duration) {
	if m != nil {
		m.requests.WithLabelValues(pattern, status).Observe(took.Seconds())
	}
}
