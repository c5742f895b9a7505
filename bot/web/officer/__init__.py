"""The pages of council officers, who keep the directory true."""
