import java.util.Map;

/** A request that is answered with a 4xx. Whoever throws it has changed nothing yet. */
final class Refusal extends RuntimeException {
    final int status;
    final Map<String, String> headers;

    Refusal(int status, String reason) {
        this(status, reason, Map.of());
    }

    Refusal(int status, String reason, Map<String, String> headers) {
        super(reason);
        this.status = status;
        this.headers = headers;
    }
}
