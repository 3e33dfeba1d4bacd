/**
 * A mistake of the user, or a state of the machine, that one sentence explains. Everything else that is thrown is a
 * bug.
 */
final class Refusal extends RuntimeException {
    Refusal(String message) {
        super(message);
    }

    Refusal(String message, Exception cause) {
        super(message + ": " + cause, cause);
    }
}
