"""PyJWT with HMAC: signing, checking, expiry, audience, a forged token."""
import jwt
from caisson import Service

KEY = 'a-key-of-at-least-thirty-two-bytes!!'


class Work(Service):
    def handle(self):
        token = jwt.encode({'sub': 'jo', 'aud': 'orders', 'exp': 4102444800}, KEY, algorithm='HS256', headers={'kid': 'k1'})
        refused = []
        for text, key, options in ((token, 'x' * 32, {'audience': 'orders'}), (token, KEY, {'audience': 'other'}),
                                   (jwt.encode({'exp': 1}, KEY, algorithm='HS512'), KEY, {}), ('a.b', KEY, {}), (token[:-4] + 'AAAA', KEY, {'audience': 'orders'})):
            try:
                jwt.decode(text, key, algorithms=['HS256', 'HS512'], **options)
                refused.append('accepted')
            except jwt.InvalidTokenError as error:
                refused.append(type(error).__name__)
        self.response.payload = {'claims': jwt.decode(token, KEY, algorithms=['HS256'], audience='orders'), 'refused': refused,
                                 'header': jwt.get_unverified_header(token)}
