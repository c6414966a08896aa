use super::Event;

/// What to do about it, in English and in Portuguese.
const NOT_YOU: [&str; 2] = [
    "If it was you, all is well. If it was not, change your password and close all sessions at once.",
    "Se foi você, está tudo certo. Se não foi, troque sua senha e encerre todas as sessões imediatamente.",
];

impl Event {
    /// In English and in Portuguese.
    pub(super) fn words(self) -> ([&'static str; 3], [&'static str; 3]) {
        match self {
            Self::PasswordChanged => (
                [
                    "Your password was changed",
                    "The password of your account was changed.",
                    "If this was not you, ask for a new password on the sign-in page at once and close all other sessions.",
                ],
                [
                    "Sua senha foi alterada",
                    "A senha da sua conta foi alterada.",
                    "Se não foi você, peça uma nova senha na página de entrada imediatamente e encerre todas as outras sessões.",
                ],
            ),
            Self::EmailChanged => (
                [
                    "Your e-mail address was changed",
                    "Your account has another e-mail address now; this one no longer belongs to it.",
                    "If this was not you, tell whoever runs this service at once.",
                ],
                [
                    "Seu endereço de e-mail foi alterado",
                    "Sua conta tem agora outro endereço de e-mail; este não pertence mais a ela.",
                    "Se não foi você, avise imediatamente quem opera este serviço.",
                ],
            ),
            Self::UserDeleted => (
                [
                    "Your account was deleted",
                    "Your account was deleted; nobody can sign in to it any more.",
                    "If this was not you, tell whoever runs this service at once.",
                ],
                [
                    "Sua conta foi excluída",
                    "Sua conta foi excluída; ninguém mais pode entrar nela.",
                    "Se não foi você, avise imediatamente quem opera este serviço.",
                ],
            ),
            Self::ErasurePlanned => (
                [
                    "Your account will be deleted",
                    "As you wished, your account and all that is yours alone will be deleted in 14 days. Sign in before, and nothing happens.",
                    "If this was not you, sign in at once and change your password.",
                ],
                [
                    "Sua conta será excluída",
                    "Como você pediu, sua conta e tudo o que é só seu serão excluídos em 14 dias. Entre antes disso e nada acontecerá.",
                    "Se não foi você, entre imediatamente e troque sua senha.",
                ],
            ),
            Self::TwoFactorOn => (
                [
                    "Two-factor authentication was switched on",
                    "From now on a code of your authenticator is asked for when you sign in.",
                    NOT_YOU[0],
                ],
                [
                    "A autenticação em dois fatores foi ativada",
                    "De agora em diante, um código do seu autenticador é pedido quando você entra.",
                    NOT_YOU[1],
                ],
            ),
            Self::TwoFactorOff => (
                [
                    "Two-factor authentication was switched off",
                    "From now on no code of an authenticator is asked for when you sign in.",
                    NOT_YOU[0],
                ],
                [
                    "A autenticação em dois fatores foi desativada",
                    "De agora em diante, nenhum código de autenticador é pedido quando você entra.",
                    NOT_YOU[1],
                ],
            ),
            Self::TwoFactorLocked => (
                [
                    "Your second factor was locked",
                    "Somebody proved who they are as you do, perhaps by your password, but gave wrong codes for the \
                     second factor too often. Nobody can try again for a quarter of an hour.",
                    NOT_YOU[0],
                ],
                [
                    "Seu segundo fator foi bloqueado",
                    "Alguém se identificou como você, talvez com a sua senha, mas errou o código do segundo fator \
                     vezes demais. Ninguém pode tentar de novo por quinze minutos.",
                    NOT_YOU[1],
                ],
            ),
            Self::BackupCodesRenewed => (
                [
                    "You have new backup codes",
                    "New backup codes were made for your account; the old ones are void.",
                    NOT_YOU[0],
                ],
                [
                    "Você tem novos códigos de reserva",
                    "Novos códigos de reserva foram gerados para a sua conta; os antigos não valem mais.",
                    NOT_YOU[1],
                ],
            ),
            Self::NewDevice => (
                [
                    "Sign-in from a new device",
                    "Somebody signed in to your account from a device or a network that is new to us.",
                    NOT_YOU[0],
                ],
                [
                    "Entrada por um novo dispositivo",
                    "Alguém entrou na sua conta por um dispositivo ou uma rede que ainda não conhecíamos.",
                    NOT_YOU[1],
                ],
            ),
            Self::NewCountry => (
                [
                    "Sign-in from a new country",
                    "Somebody signed in to your account from a country where you have never been seen.",
                    NOT_YOU[0],
                ],
                [
                    "Entrada por um novo país",
                    "Alguém entrou na sua conta por um país em que você nunca foi visto.",
                    NOT_YOU[1],
                ],
            ),
            Self::ImpossibleTravel => (
                [
                    "Sign-in from too far away",
                    "Somebody signed in to your account from a place that is too far from the one before to have been \
                     travelled to since.",
                    NOT_YOU[0],
                ],
                [
                    "Entrada por um lugar distante demais",
                    "Alguém entrou na sua conta por um lugar distante demais do anterior para que alguém tenha viajado \
                     até lá nesse tempo.",
                    NOT_YOU[1],
                ],
            ),
        }
    }
}
