import java.time.Duration;
import java.util.Locale;
import java.util.Map;

final class Gateway {
    private final Breaker breaker;
    private final Upstream upstream;
    private final StaleAnswers stale = new StaleAnswers();

    Gateway(Breaker breaker, Upstream upstream) {
        this.breaker = breaker;
        this.upstream = upstream;
    }

    Answer status() {
        var status = breaker.status();
        String state = status.state().name().toLowerCase(Locale.ROOT).replace('_', '-');
        return Answer.json(200, Map.of("state", state, "failures", status.failures()));
    }

    Answer forward(Upstream.Call call) throws InterruptedException {
        Answer answer = guarded(call);
        if (!call.method().equals("GET")) {
            return answer;
        }
        if (answer.isGood()) {
            stale.remember(call.target(), answer);
        }
        return answer.isFailure() ? stale.get(call.target()).orElse(answer) : answer;
    }

    private Answer guarded(Upstream.Call call) throws InterruptedException {
        var admission = breaker.admit();
        if (admission.isEmpty()) {
            return Answer.error(503, "the upstream is given a rest").with("Retry-After", seconds(breaker.remaining()));
        }
        boolean succeeded = false;
        try {
            Answer answer = upstream.ask(call);
            succeeded = !answer.isFailure();
            return answer;
        } finally {
            // Even after a mistake of ours: if this were the probe, its place would stay taken for ever.
            admission.get().settle(succeeded);
        }
    }

    /** Rounded up, and at least 1. */
    private static String seconds(Duration duration) {
        return String.valueOf(Math.max(1, duration.plusMillis(999).toSeconds()));
    }
}
